-- Time that 95 of 100 attempts stay under, of the ten slowest nodes.
WITH most AS
(
    SELECT agent_id, node_id
    FROM node_attempts FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
    GROUP BY agent_id, node_id
    ORDER BY quantileExact(0.95)(duration_ns) DESC, agent_id, node_id
    LIMIT 10
)
SELECT
    $__timeInterval(timestamp) AS time,
    concat(agent_id, ' / ', node_id) AS node,
    quantileExact(0.95)(duration_ns) / 1e9 AS p95_duration
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp) AND (agent_id, node_id) IN (SELECT agent_id, node_id FROM most)
GROUP BY time, node
ORDER BY time, node
