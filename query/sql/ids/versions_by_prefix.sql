-- Graph versions that start with a text, with or without sha256: those of which a graph, an attempt or an
-- evolution is stored.
SELECT DISTINCT id
FROM (
    SELECT ref AS id FROM graph_snapshots
    UNION ALL
    SELECT arrayJoin([from_ref, graph_snapshot_ref]) AS id FROM evolutions
    UNION ALL
    SELECT DISTINCT toString(graph_snapshot_ref) AS id FROM node_attempts
)
WHERE startsWith(id, {prefix:String}) OR startsWith(id, concat('sha256:', {prefix:String}))
ORDER BY id
LIMIT {most:UInt32}
