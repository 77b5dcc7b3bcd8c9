-- What was said about the groups of an agent, or of all, the oldest first; notes only if asked for.
SELECT timestamp, event_id, agent_id, fingerprint, kind, other_fingerprint, value, author, reason, evolution_id
FROM group_events FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND ({notes:Bool} OR kind != 'note')
ORDER BY timestamp, event_id
