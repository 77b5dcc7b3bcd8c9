-- How many evolutions there are in all: lists are cut, this number is not.
SELECT count() AS evolutions
FROM evolutions AS e FINAL
WHERE e.agent_id = {agent:String}
  AND e.timestamp >= {since:DateTime64(9, 'UTC')}
