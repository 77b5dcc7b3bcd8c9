-- The agent whose group it is: by a failure, otherwise by what was said about it.
SELECT agent_id FROM (SELECT agent_id FROM failures WHERE fingerprint = {fingerprint:String} LIMIT 1)
UNION ALL
SELECT agent_id FROM (SELECT agent_id FROM group_events WHERE fingerprint = {fingerprint:String} LIMIT 1)
