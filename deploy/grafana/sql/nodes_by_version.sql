-- How each node fares on each version of its graph.
SELECT
    toString(agent_id) AS agent,
    toString(node_id) AS node,
    toString(graph_snapshot_ref) AS version,
    count() AS attempts,
    countIf(NOT ok) AS failed,
    failed / attempts AS failure_rate,
    uniqExact(run_id) AS runs,
    uniqExactIf(run_id, NOT ok) AS failed_runs,
    quantileExact(0.5)(duration_ns) / 1e9 AS median_duration,
    quantileExact(0.95)(duration_ns) / 1e9 AS p95_duration,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY agent, node, version
ORDER BY failed DESC, agent, node, version
LIMIT 100
