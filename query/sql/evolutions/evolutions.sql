SELECT *
FROM evolutions FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND timestamp >= {since:DateTime64(9, 'UTC')}
  AND (timestamp, evolution_id) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:String})
ORDER BY timestamp DESC, evolution_id DESC
LIMIT {limit:UInt32}
