-- The node attempts of a run: all of a small one; of a large one those that failed, those that came
-- next, and retries, the nearest to the failure that is asked about.
SELECT node_id, attempt, ok, started_at, ended_at, trace_id, span_id, root_span_id, total
FROM
(
    SELECT
        *,
        count() OVER () AS total,
        lagInFrame(ok, 1, true) OVER (
            ORDER BY started_at, span_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS previous_ok
    FROM
    (
        SELECT
            node_id, attempt, ok, trace_id, span_id, root_span_id,
            timestamp - toIntervalNanosecond(least(duration_ns, 2592000000000000)) AS started_at,
            timestamp AS ended_at
        FROM node_attempts
        WHERE agent_id = {agent:String}
          AND run_id = {run:String}
          AND timestamp BETWEEN {since:DateTime64(9, 'UTC')} AND {until:DateTime64(9, 'UTC')}
        LIMIT 1 BY trace_id, span_id
    )
)
WHERE total <= {limit:UInt32}
   OR NOT ok
   OR NOT previous_ok
   OR attempt > 1
   OR has({spans:Array(String)}, span_id)
ORDER BY
    has({spans:Array(String)}, span_id) DESC,
    abs(toInt64(dateDiff('microsecond', ended_at, {at:DateTime64(9, 'UTC')}))),
    span_id
LIMIT {limit:UInt32}
