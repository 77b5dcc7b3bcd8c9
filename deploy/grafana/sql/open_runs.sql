-- Runs that started and were not heard to end, the oldest first.
SELECT
    started_at,
    dateDiff('second', started_at, now64(9, 'UTC')) AS age,
    toString(agent_id) AS agent,
    toString(service_name) AS service,
    run_id,
    trace_id
FROM graph_runs FINAL
WHERE outcome = '' AND $__timeFilter(started_at)
ORDER BY started_at, run_id
LIMIT 50
