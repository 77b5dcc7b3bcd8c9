-- Failures over time by why they happened.
SELECT $__timeInterval(timestamp) AS time, toString(class) AS class, count() AS failures
FROM failures FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY time, class
ORDER BY time, class
