-- When failures of some runs were last heard of, the last of a node and the last of an operation whose
-- node is known. All revisions: one that is gone was a sign of life too.
SELECT
    agent_id,
    run_id,
    last_at,
    last_received,
    failed.1 AS failed_node,
    failed.2 AS failed_attempt,
    failed.3 AS failed_disposition,
    working.1 AS working_node,
    working.2 AS working_attempt,
    working_at
FROM
(
    SELECT
        agent_id,
        run_id,
        max(timestamp) AS last_at,
        max(received_at) AS last_received,
        argMaxIf((node_id, attempt, disposition), timestamp, level = 'node') AS failed,
        argMaxIf((node_id, attempt), timestamp, level = 'operation' AND node_id != '') AS working,
        maxIf(timestamp, level = 'operation' AND node_id != '') AS working_at
    FROM failures
    WHERE agent_id IN {agents:Array(String)}
        AND run_id IN {runs:Array(String)}
        AND timestamp >= {since:DateTime64(9, 'UTC')} - INTERVAL 1 DAY
        AND NOT (class = 'worker.lost' AND attributes['faultline.told_by'] = 'silence')
    GROUP BY agent_id, run_id
)
