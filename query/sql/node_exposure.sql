-- How often each node of an agent was tried on each version of the graph: the denominators.
SELECT
    node_id,
    graph_snapshot_ref,
    count() AS attempts,
    countIf(NOT ok) AS failed,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM node_attempts FINAL
WHERE agent_id = {agent:String}
  AND timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY node_id, graph_snapshot_ref
ORDER BY first_seen, node_id, graph_snapshot_ref
