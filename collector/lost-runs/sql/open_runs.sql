-- Runs that started, were not heard to end, and were first heard of before `until`. A start signal that
-- its end has not replaced yet is weighed against it here.
SELECT
    agent_id, run_id, agent_name, session_id, service_name, environment, graph_id,
    graph_snapshot_ref, trace_id, span_id, started_at, received_at
FROM
(
    SELECT *
    FROM graph_runs
    WHERE (agent_id, run_id) IN
    (
        SELECT agent_id, run_id
        FROM graph_runs
        WHERE outcome = ''
            AND started_at >= {since:DateTime64(9, 'UTC')}
            AND received_at < {until:DateTime64(9, 'UTC')}
    )
    ORDER BY told_at DESC
    LIMIT 1 BY agent_id, run_id
)
WHERE outcome = '' AND received_at < {until:DateTime64(9, 'UTC')}
ORDER BY started_at, agent_id, run_id
LIMIT {limit:UInt32}
