SELECT DISTINCT ref FROM graph_snapshots WHERE ref IN {refs:Array(String)}
