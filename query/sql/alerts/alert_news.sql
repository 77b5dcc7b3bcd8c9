-- Fingerprints that failed, or of which something was said, since some time: when each was first seen, how
-- it failed since, and its failures of the last hours where they are many, if that is asked for. Revisions of
-- a row are counted as often as they are: this only says where to look.
SELECT
    heard.agent_id AS agent_id,
    heard.fingerprint AS fingerprint,
    known.first_seen AS first_seen,
    heard.classes AS classes,
    heard.severities AS severities,
    heard.severity AS severity,
    busy.failures AS busiest
FROM
(
    SELECT
        agent_id,
        fingerprint,
        groupUniqArrayArray(classes) AS classes,
        groupUniqArrayArray(severities) AS severities,
        max(severity) AS severity
    FROM
    (
        SELECT
            agent_id,
            toString(fingerprint) AS fingerprint,
            groupUniqArray(f.class) AS classes,
            groupUniqArray(f.severity) AS severities,
            argMax(f.severity, f.timestamp) AS severity
        FROM failures AS f
        WHERE f.received_at >= {since:DateTime64(9, 'UTC')} AND f.timestamp >= {oldest:DateTime64(9, 'UTC')}
        GROUP BY agent_id, fingerprint
        UNION ALL
        SELECT agent_id, fingerprint, [], [], ''
        FROM group_events
        WHERE timestamp >= {since:DateTime64(9, 'UTC')}
    )
    GROUP BY agent_id, fingerprint
) AS heard
LEFT JOIN
(
    SELECT fingerprint, min(t.first_seen) AS first_seen
    FROM failure_templates AS t
    GROUP BY fingerprint
) AS known ON heard.fingerprint = known.fingerprint
LEFT JOIN
(
    SELECT toString(f.fingerprint) AS fingerprint, count() AS failures
    FROM failures AS f
    WHERE {busy:Bool} AND timestamp >= {recent:DateTime64(9, 'UTC')}
    GROUP BY fingerprint
    HAVING failures >= {fewest:UInt32}
) AS busy ON heard.fingerprint = busy.fingerprint
ORDER BY agent_id, fingerprint
SETTINGS final = 0
