-- The first failure of each of some fingerprints, of which the time is known.
SELECT agent_id, node_id, fingerprint, error_type, error_message, stack_trace, timestamp
FROM failures AS f FINAL
PREWHERE f.agent_id IN {agents:Array(String)}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp IN {times:Array(DateTime64(9, 'UTC'))}
ORDER BY timestamp, failure_id
LIMIT 1 BY fingerprint
