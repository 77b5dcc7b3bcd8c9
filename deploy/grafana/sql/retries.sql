-- Nodes that were tried again in a run, and how often a later attempt was good.
SELECT
    agent_id AS agent,
    node_id AS node,
    count() AS runs_with_retries,
    countIf(is_good) AS rescued_runs,
    rescued_runs / runs_with_retries AS rescued,
    max(last) AS most_attempts
FROM
(
    SELECT
        toString(agent_id) AS agent_id,
        toString(node_id) AS node_id,
        run_id,
        max(attempt) AS last,
        argMax(ok, (attempt, timestamp)) AS is_good
    FROM node_attempts FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
    GROUP BY agent_id, node_id, run_id
    HAVING last > 1
)
GROUP BY agent, node
ORDER BY runs_with_retries DESC, agent, node
LIMIT 50
