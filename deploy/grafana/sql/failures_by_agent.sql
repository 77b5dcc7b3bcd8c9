-- Failures over time of the ten agents that fail most.
WITH most AS
(
    SELECT agent_id
    FROM failures FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
    GROUP BY agent_id
    ORDER BY count() DESC, agent_id
    LIMIT 10
)
SELECT $__timeInterval(timestamp) AS time, toString(agent_id) AS agent, count() AS failures
FROM failures FINAL
WHERE $__timeFilter(timestamp) AND agent_id IN (SELECT agent_id FROM most)
GROUP BY time, agent
ORDER BY time, agent
