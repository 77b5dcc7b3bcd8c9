-- What was said about which fingerprints are one group, of some agents.
SELECT timestamp, event_id, kind, fingerprint, other_fingerprint
FROM group_events FINAL
WHERE agent_id IN {agents:Array(String)} AND kind IN ('merge', 'split', 'propose')
ORDER BY timestamp, event_id
