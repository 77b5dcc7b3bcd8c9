SELECT timestamp, event_id, agent_id, fingerprint, kind, other_fingerprint, value, author, reason, evolution_id
FROM group_events FINAL
WHERE event_id = {event_id:UUID}
ORDER BY timestamp, agent_id
LIMIT 1
