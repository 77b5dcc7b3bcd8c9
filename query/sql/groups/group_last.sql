-- The last failure of some fingerprints, of which the time is known.
SELECT fingerprint, failure_id, template, class, timestamp
FROM failures AS f FINAL
PREWHERE f.agent_id IN {agents:Array(String)}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp IN {times:Array(DateTime64(9, 'UTC'))}
ORDER BY timestamp DESC, failure_id DESC
LIMIT 1 BY fingerprint
