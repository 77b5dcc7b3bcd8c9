-- The version of an agent's newest attempt since some time; none for an agent without attempts.
SELECT toString(argMax(graph_snapshot_ref, timestamp)) AS graph_snapshot_ref
FROM node_attempts
WHERE agent_id = {agent:String}
  AND timestamp >= {since:DateTime64(9, 'UTC')}
HAVING count() > 0
