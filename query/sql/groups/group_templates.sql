-- The message template of some groups of an agent.
SELECT fingerprint, template
FROM failures
WHERE agent_id = {agent:String} AND fingerprint IN {fingerprints:Array(String)}
LIMIT 1 BY fingerprint
