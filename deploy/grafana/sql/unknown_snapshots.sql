-- Versions of graphs that failures name and whose snapshot nobody sent.
SELECT
    toString(agent_id) AS agent,
    toString(service_name) AS service,
    toString(graph_snapshot_ref) AS version,
    count() AS failures,
    max(timestamp) AS last_seen
FROM failures FINAL
WHERE $__timeFilter(timestamp)
    AND graph_snapshot_ref != ''
    AND toString(graph_snapshot_ref) NOT IN (SELECT ref FROM graph_snapshots)
GROUP BY agent, service, version
ORDER BY failures DESC, version
LIMIT 50
