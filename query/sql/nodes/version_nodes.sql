-- The nodes of some versions, without their bodies.
SELECT ref, nodes
FROM graph_snapshots FINAL
WHERE ref IN {refs:Array(String)}
ORDER BY ref
