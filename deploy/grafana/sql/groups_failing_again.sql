-- Groups that failed after somebody resolved them. A failure on a version that the fix is not in counts
-- here; `faultline groups` distinguishes them.
SELECT
    toString(agent_id) AS agent,
    arrayStringConcat(node_ids, ', ') AS nodes,
    class,
    substringUTF8(template, 1, 200) AS template,
    decided_at,
    decided_by,
    last_seen,
    failures,
    toString(fingerprint) AS fingerprint
FROM failure_groups
WHERE decision = 'resolve' AND last_seen > decided_at
    AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY last_seen DESC, fingerprint
LIMIT 50
