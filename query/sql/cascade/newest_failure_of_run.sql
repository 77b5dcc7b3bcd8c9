-- The newest failed attempt of a node in a run.
SELECT fingerprint, error_type, class, attempt, max_attempts
FROM failures AS f FINAL
WHERE f.agent_id = {agent:String}
  AND f.node_id = {node:String}
  AND f.run_id = {run:String}
  AND f.level = 'node'
ORDER BY timestamp DESC, failure_id DESC
LIMIT 1
