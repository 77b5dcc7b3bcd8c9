-- The groups with most failures in the time range; the view knows which fingerprints were merged.
SELECT
    toString(g.agent_id) AS agent,
    arrayStringConcat(any(g.node_ids), ', ') AS nodes,
    any(g.class) AS class,
    any(g.error_type) AS error_type,
    any(substringUTF8(g.template, 1, 200)) AS template,
    count() AS failures,
    uniqExact(f.run_id) AS runs,
    any(g.first_seen) AS first_seen,
    max(f.timestamp) AS last_seen,
    any(g.decision) AS decision,
    toString(g.fingerprint) AS fingerprint
FROM (SELECT *, arrayJoin(fingerprints) AS member FROM failure_groups) AS g
INNER JOIN
(
    SELECT agent_id, toString(fingerprint) AS member, run_id, timestamp
    FROM failures FINAL
    WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
) AS f
    ON g.agent_id = f.agent_id AND g.member = f.member
GROUP BY g.agent_id, g.fingerprint
ORDER BY failures DESC, fingerprint
LIMIT 50
