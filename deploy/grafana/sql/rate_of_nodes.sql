-- Failure rate over time of the ten nodes with most failed attempts.
WITH most AS
(
    SELECT agent_id, node_id
    FROM node_attempts FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
    GROUP BY agent_id, node_id
    ORDER BY countIf(NOT ok) DESC, agent_id, node_id
    LIMIT 10
)
SELECT
    $__timeInterval(timestamp) AS time,
    concat(agent_id, ' / ', node_id) AS node,
    countIf(NOT ok) / count() AS failure_rate
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp) AND (agent_id, node_id) IN (SELECT agent_id, node_id FROM most)
GROUP BY time, node
ORDER BY time, node
