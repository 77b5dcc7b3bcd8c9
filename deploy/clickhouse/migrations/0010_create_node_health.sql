-- How each node of each agent fares on each version of its graph, over all kept attempts.
CREATE OR REPLACE VIEW node_health AS
SELECT
    agent_id,
    node_id,
    graph_snapshot_ref,
    count() AS attempts,
    countIf(ok) AS succeeded,
    succeeded / attempts AS success_rate,
    uniqExact(run_hash) AS runs,
    uniqExactIf(run_hash, NOT ok) AS failed_runs,
    toUInt64(quantileExact(0.5)(duration_ns)) AS median_duration_ns,
    toUInt64(quantileExact(0.95)(duration_ns)) AS p95_duration_ns,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM node_attempts FINAL
GROUP BY agent_id, node_id, graph_snapshot_ref
