-- The first evolution after a failure that names it or its fingerprint: as failure_records has it.
SELECT *
FROM evolutions FINAL
WHERE has(target_failures, {failure_id:UUID})
   OR (agent_id = {agent:String}
       AND timestamp >= {timestamp:DateTime64(9, 'UTC')}
       AND has(target_fingerprints, {fingerprint:String}))
ORDER BY NOT has(target_failures, {failure_id:UUID}), timestamp, evolution_id
LIMIT 1
