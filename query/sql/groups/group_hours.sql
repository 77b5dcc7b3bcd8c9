-- Failures by the hour since some time, with and without retries, as arrays: of the fingerprints named, and for all groups of the
-- agent (`busy`) of those that failed often enough since a later time to be worth a look, and of merged ones.
SELECT fingerprint, groupArray(hour) AS hours, groupArray(failures) AS counts, groupArray(first_failures) AS firsts
FROM
(
    SELECT
        any(f.fingerprint) AS fingerprint,
        any(intDiv(toUnixTimestamp(f.timestamp), 3600)) AS hour,
        count() AS failures,
        greatest(countIf(f.attempt <= 1), uniqExact(f.run_hash)) AS first_failures
    FROM failures AS f FINAL
    PREWHERE ({agent:String} = '' OR f.agent_id = {agent:String})
        AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    WHERE f.fingerprint IN {fingerprints:Array(String)}
       OR f.fingerprint IN (
           SELECT fingerprint
           FROM failures
           WHERE {busy:Bool}
             AND ({agent:String} = '' OR agent_id = {agent:String})
             AND timestamp >= {busy_since:DateTime64(9, 'UTC')}
           GROUP BY fingerprint
           HAVING count() >= {fewest:UInt32}
       )
       OR f.fingerprint IN (
           SELECT arrayJoin([fingerprint, other_fingerprint])
           FROM group_events
           WHERE {busy:Bool} AND ({agent:String} = '' OR agent_id = {agent:String}) AND kind = 'merge'
       )
    GROUP BY sipHash64(f.fingerprint) + intDiv(toUnixTimestamp(f.timestamp), 3600)
    ORDER BY hour
)
GROUP BY fingerprint
ORDER BY fingerprint
