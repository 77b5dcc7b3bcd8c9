SELECT DISTINCT fingerprint
FROM failures
WHERE agent_id = {agent:String} AND fingerprint IN {fingerprints:Array(String)}
