-- Which fingerprints have failures now, and the last of each. Linking may have moved all failures of one
-- to another.
SELECT
    fingerprint,
    count() AS failures,
    max(f.timestamp) AS last_seen,
    argMax(f.failure_id, (f.timestamp, f.failure_id)) AS last_failure_id,
    argMax(f.class, (f.timestamp, f.failure_id)) AS class
FROM failures AS f FINAL
WHERE f.agent_id IN {agents:Array(String)} AND f.fingerprint IN {fingerprints:Array(String)}
GROUP BY fingerprint
