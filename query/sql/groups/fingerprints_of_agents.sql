-- The fingerprints of some agents: of each those that failed last, no more than so many.
SELECT any(f.agent_id) AS agent_id, any(f.fingerprint) AS fingerprint
FROM failures AS f FINAL
PREWHERE f.agent_id IN {agents:Array(String)}
GROUP BY sipHash64(f.fingerprint)
ORDER BY max(f.timestamp) DESC, fingerprint
LIMIT 20000 BY agent_id
LIMIT 100000
