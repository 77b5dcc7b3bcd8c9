-- The first failure of some fingerprints on each version after a time of their own.
SELECT fingerprint, graph_snapshot_ref, min(f.timestamp) AS timestamp
FROM failures AS f FINAL
PREWHERE f.agent_id IN {agents:Array(String)}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp > {times:Array(DateTime64(9, 'UTC'))}[indexOf({fingerprints:Array(String)}, toString(f.fingerprint))]
GROUP BY fingerprint, graph_snapshot_ref
ORDER BY fingerprint, graph_snapshot_ref
