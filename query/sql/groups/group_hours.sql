-- Failures of some fingerprints by the hour since some time, with and without retries, as arrays; of one agent or of
-- all. No fingerprints are all of the agent.
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
        AND (empty({fingerprints:Array(String)}) OR f.fingerprint IN {fingerprints:Array(String)})
        AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    GROUP BY sipHash64(f.fingerprint) + intDiv(toUnixTimestamp(f.timestamp), 3600)
    ORDER BY hour
)
GROUP BY fingerprint
ORDER BY fingerprint
