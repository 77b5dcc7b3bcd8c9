-- How often each fingerprint of an agent was seen on each version of the graph.
SELECT fingerprint, node_id, graph_snapshot_ref, count() AS failures
FROM failures FINAL
WHERE agent_id = {agent:String} AND fingerprint IN {fingerprints:Array(String)}
GROUP BY fingerprint, node_id, graph_snapshot_ref
ORDER BY fingerprint, node_id, graph_snapshot_ref
