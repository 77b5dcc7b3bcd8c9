-- Good and failed attempts over time.
SELECT $__timeInterval(timestamp) AS time, countIf(ok) AS good, countIf(NOT ok) AS failed
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY time
ORDER BY time
