-- When each version of the graphs of some agents was first seen.
SELECT ref, min(first_seen) AS first_seen
FROM graph_snapshots
WHERE ref IN {refs:Array(String)}
GROUP BY ref
