-- Which groups failed on either of two versions of the graph, and how often.
SELECT
    agent_id,
    fingerprint,
    argMax(f.node_id, f.timestamp) AS node_id,
    argMax(f.error_type, f.timestamp) AS error_type,
    argMax(f.class, f.timestamp) AS class,
    countIf(f.graph_snapshot_ref = {from:String}) AS failures_from,
    countIf(f.graph_snapshot_ref = {to:String}) AS failures_to
FROM failures AS f FINAL
WHERE f.agent_id IN {agents:Array(String)}
  AND f.graph_snapshot_ref IN ({from:String}, {to:String})
GROUP BY agent_id, fingerprint
ORDER BY failures_from + failures_to DESC, agent_id, fingerprint
LIMIT 500
