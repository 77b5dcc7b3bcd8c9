-- How often the nodes of each unit were tried: by version, and by the stretch of time between the
-- marks. The node '' stands for the graph as a whole, whose attempts are its runs.
SELECT
    unit,
    graph_snapshot_ref,
    arrayCount(mark -> mark <= timestamp, {marks:Array(DateTime64(9, 'UTC'))}) AS stretch,
    count() AS attempts,
    uniqExact(run_id) AS runs,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM
(
    SELECT toString(node_id) AS node, graph_snapshot_ref, run_id, timestamp
    FROM node_attempts FINAL
    WHERE agent_id = {agent:String}
      AND node_id IN {nodes:Array(String)}
      AND node_id != ''
      AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
    UNION ALL
    SELECT '', graph_snapshot_ref, run_id, started_at
    FROM graph_runs FINAL
    WHERE agent_id = {agent:String}
      AND has({nodes:Array(String)}, '')
      AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
)
ARRAY JOIN {units:Map(String, Array(UInt32))}[node] AS unit
GROUP BY unit, graph_snapshot_ref, stretch
ORDER BY unit, graph_snapshot_ref, stretch
