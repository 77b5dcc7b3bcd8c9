-- Which groups have failures now, and the last of each. Linking may have moved all of a group's
-- failures to another fingerprint.
SELECT fingerprint, count() AS failures, argMax(failure_id, (timestamp, failure_id)) AS last_failure_id, argMax(class, (timestamp, failure_id)) AS class
FROM failures AS f FINAL
WHERE f.agent_id IN {agents:Array(String)} AND f.fingerprint IN {fingerprints:Array(String)}
GROUP BY fingerprint
