-- What the view node_health shows, of one agent and since some time, with retries and the last failure. Grouped by
-- one number made of hashes that ClickHouse makes once a name.
WITH quantilesExact(0.5, 0.95)(a.duration_ns) AS durations
SELECT
    any(a.node_id) AS node_id,
    any(a.graph_snapshot_ref) AS graph_snapshot_ref,
    count() AS attempts,
    countIf(NOT a.ok) AS failures,
    uniqExact(a.run_hash) AS runs,
    uniqExactIf(a.run_hash, NOT a.ok) AS failed_runs,
    countIf(a.attempt > 1) AS retries,
    toUInt64(durations[1]) AS median_duration_ns,
    toUInt64(durations[2]) AS p95_duration_ns,
    min(a.timestamp) AS first_seen,
    max(a.timestamp) AS last_seen,
    if(failures = 0, NULL, maxIf(a.timestamp, NOT a.ok)) AS last_failure_at
FROM node_attempts AS a FINAL
WHERE a.agent_id = {agent:String}
  AND ({node:String} = '' OR a.node_id = {node:String})
  AND (empty({refs:Array(String)}) OR a.graph_snapshot_ref IN {refs:Array(String)})
  AND a.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(a.node_id) + 3 * sipHash64(a.graph_snapshot_ref)
ORDER BY node_id, graph_snapshot_ref
