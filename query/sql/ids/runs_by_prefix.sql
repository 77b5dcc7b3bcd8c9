-- Runs whose id starts with a text, that which is the text first.
SELECT DISTINCT run_id AS id
FROM graph_runs
WHERE startsWith(run_id, {prefix:String})
ORDER BY id != {prefix:String}, id
LIMIT {most:UInt32}
