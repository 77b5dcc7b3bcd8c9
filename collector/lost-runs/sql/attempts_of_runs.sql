-- How many attempts of some runs were heard of, and the last that ended.
SELECT agent_id, run_id, attempts, last_at, last.1 AS node_id, last.2 AS attempt, last.3 AS ok
FROM
(
    SELECT
        agent_id,
        run_id,
        uniqExact(trace_id, span_id) AS attempts,
        max(timestamp) AS last_at,
        argMax((node_id, attempt, ok), timestamp) AS last
    FROM node_attempts
    WHERE agent_id IN {agents:Array(String)}
        AND run_id IN {runs:Array(String)}
        AND timestamp >= {since:DateTime64(9, 'UTC')} - INTERVAL 1 DAY
    GROUP BY agent_id, run_id
)
