-- What was tried on some groups, the newest first.
SELECT *
FROM evolutions FINAL
WHERE agent_id IN {agents:Array(String)} AND hasAny(target_fingerprints, {fingerprints:Array(String)})
ORDER BY timestamp DESC, evolution_id DESC
LIMIT 100
