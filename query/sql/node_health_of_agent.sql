-- What the view node_health tells, of one agent and since some time, with retries and the last failure.
WITH
    (
        SELECT toString(argMax(graph_snapshot_ref, timestamp))
        FROM node_attempts
        WHERE agent_id = {agent:String}
    ) AS current
SELECT
    node_id,
    graph_snapshot_ref,
    graph_snapshot_ref = current AS is_current,
    count() AS attempts,
    countIf(NOT ok) AS failures,
    uniqExact(run_hash) AS runs,
    uniqExactIf(run_hash, NOT ok) AS failed_runs,
    countIf(attempt > 1) AS retries,
    toUInt64(quantileExact(0.5)(duration_ns)) AS median_duration_ns,
    toUInt64(quantileExact(0.95)(duration_ns)) AS p95_duration_ns,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    if(failures = 0, NULL, maxIf(timestamp, NOT ok)) AS last_failure_at
FROM node_attempts AS a FINAL
WHERE a.agent_id = {agent:String}
  AND ({node:String} = '' OR a.node_id = {node:String})
  AND ({versions:String} = 'all' OR a.graph_snapshot_ref = current)
  AND a.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY node_id, graph_snapshot_ref
ORDER BY node_id, graph_snapshot_ref
