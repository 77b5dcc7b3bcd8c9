-- How often each fingerprint failed an attempt of some nodes, by version.
SELECT
    any(f.node_id) AS node_id,
    any(f.graph_snapshot_ref) AS graph_snapshot_ref,
    any(f.fingerprint) AS fingerprint,
    argMax(f.error_type, f.timestamp) AS error_type,
    argMax(f.class, f.timestamp) AS class,
    count() AS failures
FROM failures AS f FINAL
WHERE f.agent_id = {agent:String}
  AND f.level = 'node'
  AND f.node_id IN {nodes:Array(String)}
  AND f.graph_snapshot_ref IN {refs:Array(String)}
  AND f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(f.node_id) + 3 * sipHash64(f.graph_snapshot_ref) + 5 * sipHash64(f.fingerprint)
ORDER BY failures DESC, fingerprint
LIMIT 100 BY node_id, graph_snapshot_ref
