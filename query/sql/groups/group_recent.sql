-- The newest failures of some fingerprints of an agent.
SELECT failure_id
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.fingerprint IN {fingerprints:Array(String)}
ORDER BY f.timestamp DESC, failure_id DESC
LIMIT {limit:UInt32}
