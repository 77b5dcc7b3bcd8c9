-- Every group of an agent with its first and last failure and the version that it was first seen on.
SELECT
    fingerprint,
    argMin(f.node_id, f.timestamp) AS node_id,
    argMin(f.level, f.timestamp) AS level,
    argMin(f.error_type, f.timestamp) AS error_type,
    argMin(f.graph_snapshot_ref, f.timestamp) AS first_ref,
    count() AS failures,
    min(f.timestamp) AS first_seen,
    max(f.timestamp) AS last_seen
FROM failures AS f FINAL
WHERE f.agent_id = {agent:String}
GROUP BY fingerprint
ORDER BY failures DESC, fingerprint
LIMIT 10000
