SELECT ref, any(edges) AS edges, any(nodes) AS nodes, JSONExtractString(any(body), 'entry') AS entry
FROM graph_snapshots
WHERE ref IN {refs:Array(String)}
GROUP BY ref
