-- How many failures there are in all: lists are cut, this number is not.
SELECT count() AS failures
FROM failures AS f FINAL
WHERE f.agent_id = {agent:String}
  AND ({node:String} = '' OR f.node_id = {node:String})
  AND f.timestamp >= {since:DateTime64(9, 'UTC')}
