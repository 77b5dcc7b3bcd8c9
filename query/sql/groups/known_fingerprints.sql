-- Those of these names that failures of the agent have, or of which something was said.
SELECT DISTINCT fingerprint
FROM (
  SELECT fingerprint
  FROM failures
  WHERE agent_id = {agent:String} AND fingerprint IN {fingerprints:Array(String)}
  UNION ALL
  SELECT arrayJoin([group_events.fingerprint, other_fingerprint]) AS fingerprint
  FROM group_events
  WHERE agent_id = {agent:String}
)
WHERE fingerprint IN {fingerprints:Array(String)}
