-- How often some nodes of an agent were tried on some versions; the node '' stands for the graph as a
-- whole, whose attempts are its runs.
SELECT node_id, graph_snapshot_ref, count() AS attempts
FROM
(
    SELECT toString(node_id) AS node_id, graph_snapshot_ref
    FROM node_attempts FINAL
    WHERE agent_id = {agent:String}
      AND node_id != ''
      AND node_id IN {nodes:Array(String)}
      AND graph_snapshot_ref IN {refs:Array(String)}
    UNION ALL
    SELECT '', graph_snapshot_ref
    FROM graph_runs FINAL
    WHERE agent_id = {agent:String}
      AND has({nodes:Array(String)}, '')
      AND graph_snapshot_ref IN {refs:Array(String)}
)
GROUP BY node_id, graph_snapshot_ref
ORDER BY node_id, graph_snapshot_ref
