-- Groups that were seen for the first time in the time range.
SELECT
    first_seen,
    toString(agent_id) AS agent,
    arrayStringConcat(node_ids, ', ') AS nodes,
    class,
    toString(error_type) AS error_type,
    substringUTF8(template, 1, 200) AS template,
    failures,
    toString(fingerprint) AS fingerprint
FROM failure_groups
WHERE $__timeFilter(first_seen) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY first_seen DESC, fingerprint
LIMIT 50
