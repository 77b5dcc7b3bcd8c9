SELECT *
FROM graph_snapshots FINAL
WHERE ref IN {refs:Array(String)}
ORDER BY ref
