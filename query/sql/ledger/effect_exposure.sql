-- How often the nodes of each unit were tried: by version, and by the stretch of time between the marks,
-- with the first attempts in each block of `block_seconds` since 1970. The node '' stands for the graph as
-- a whole, whose attempts are its runs. No node is in two units.
WITH arrayConcat([toInt64(0)], arrayMap(mark -> toUnixTimestamp64Nano(mark), {marks:Array(DateTime64(9, 'UTC'))})) AS starts
SELECT
    any(transform(node, {nodes:Array(String)}, {units:Array(UInt32)}, 0)) AS unit,
    any(ref) AS graph_snapshot_ref,
    indexOf(starts, any(roundDown(toUnixTimestamp64Nano(timestamp), starts))) - 1 AS stretch,
    count() AS attempts,
    uniqExact(run_hash) AS runs,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    (sumMap([toUInt32(intDiv(toUnixTimestamp(timestamp), {block_seconds:UInt32}))], [toUInt32(is_first)]) AS tries).1 AS blocks,
    tries.2 AS block_tries
FROM
(
    SELECT node_id AS node, graph_snapshot_ref AS ref, run_hash, timestamp, attempt <= 1 AS is_first
    FROM node_attempts FINAL
    WHERE agent_id = {agent:String}
      AND node_id IN {nodes:Array(String)}
      AND node_id != ''
      AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
    UNION ALL
    SELECT toLowCardinality(''), graph_snapshot_ref, sipHash64(run_id), started_at, true
    FROM graph_runs FINAL
    WHERE agent_id = {agent:String}
      AND has({nodes:Array(String)}, '')
      AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
)
GROUP BY
    sipHash64(transform(node, {nodes:Array(String)}, {units:Array(UInt32)}, 0))
    + 3 * sipHash64(ref)
    + 5 * roundDown(toUnixTimestamp64Nano(timestamp), starts)
ORDER BY unit, graph_snapshot_ref, stretch
