-- Fingerprints of all agents that failed since some time, those that failed last first, from a place on.
SELECT any(f.fingerprint) AS fingerprint, max(f.timestamp) AS last_seen
FROM failures AS f FINAL
WHERE f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(f.fingerprint)
HAVING last_seen < {before_timestamp:DateTime64(9, 'UTC')}
    OR (last_seen = {before_timestamp:DateTime64(9, 'UTC')} AND fingerprint > {before_id:String})
ORDER BY last_seen DESC, fingerprint
LIMIT {limit:UInt32}
