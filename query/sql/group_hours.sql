-- Failures by the hour since some time: of the fingerprints named, and of those that failed often enough
-- since a later time to be worth a look.
SELECT fingerprint, toUnixTimestamp(toStartOfHour(f.timestamp)) AS hour, count() AS failures
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
       HAVING count() > {quiet:UInt32}
   )
GROUP BY fingerprint, hour
ORDER BY fingerprint, hour
