-- How often each node of some agents was tried on one version of the graph.
SELECT agent_id, node_id, count() AS attempts
FROM node_attempts FINAL
WHERE agent_id IN {agents:Array(String)} AND graph_snapshot_ref = {ref:String}
GROUP BY agent_id, node_id
ORDER BY agent_id, node_id
