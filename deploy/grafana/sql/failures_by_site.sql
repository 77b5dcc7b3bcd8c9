-- Where failures happened and what came next.
SELECT toString(site) AS site, toString(disposition) AS disposition, count() AS failures
FROM failures FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY site, disposition
ORDER BY failures DESC, site, disposition
LIMIT 30
