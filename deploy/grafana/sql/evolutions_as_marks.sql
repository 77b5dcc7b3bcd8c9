-- Evolutions as marks in the charts of a dashboard.
SELECT
    timestamp AS time,
    concat(agent_id, ': ', resolution) AS text,
    toString(status) AS tags
FROM evolutions FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY time
LIMIT 200
