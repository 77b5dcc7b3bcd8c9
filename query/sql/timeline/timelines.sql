-- The evolutions of an agent, or of every agent, the newest first: of each agent no more than so many.
SELECT *
FROM evolutions FINAL
WHERE {agent:String} = '' OR agent_id = {agent:String}
ORDER BY timestamp DESC, evolution_id DESC
LIMIT {limit:UInt32} BY agent_id
