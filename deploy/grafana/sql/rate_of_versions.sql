-- Share of runs with a failed attempt, over time and by the ten versions of graphs with most runs.
WITH most AS
(
    SELECT agent_id, graph_snapshot_ref
    FROM node_attempts FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
    GROUP BY agent_id, graph_snapshot_ref
    ORDER BY uniqExact(run_id) DESC, agent_id, graph_snapshot_ref
    LIMIT 10
)
SELECT
    $__timeInterval(timestamp) AS time,
    concat(agent_id, ' @ ', substring(graph_snapshot_ref, 8, 8)) AS version,
    uniqExactIf(run_id, NOT ok) / uniqExact(run_id) AS failed_runs
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp)
    AND (agent_id, graph_snapshot_ref) IN (SELECT agent_id, graph_snapshot_ref FROM most)
GROUP BY time, version
ORDER BY time, version
