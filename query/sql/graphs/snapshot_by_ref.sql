SELECT *
FROM graph_snapshots FINAL
WHERE ref = {ref:String}
LIMIT 1
