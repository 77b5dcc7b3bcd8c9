-- Traces with rows that may not be linked yet, the newest first: those of the hour before `since`, or
-- before the newest row when that is earlier. Old revisions are in it; looking at them finds nothing.
SELECT trace_id, max(received) AS newest
FROM
(
    SELECT trace_id, max(received_at) AS received
    FROM failures
    WHERE ((level = 'operation' AND node_id = '') OR revision > 1)
        AND received_at >= least(
            {since:DateTime64(9, 'UTC')},
            (SELECT max(received_at) FROM failures)
        ) - INTERVAL 1 HOUR
    GROUP BY trace_id
    UNION ALL
    SELECT trace_id, max(received_at) AS received
    FROM trace_spans
    WHERE received_at >= least(
            {since:DateTime64(9, 'UTC')},
            (SELECT max(received_at) FROM trace_spans)
        ) - INTERVAL 1 HOUR
    GROUP BY trace_id
    UNION ALL
    SELECT trace_id, max(received_at) AS received
    FROM exception_records
    WHERE received_at >= least(
            {since:DateTime64(9, 'UTC')},
            (SELECT max(received_at) FROM exception_records)
        ) - INTERVAL 1 HOUR
    GROUP BY trace_id
)
GROUP BY trace_id
ORDER BY newest DESC
LIMIT {limit:UInt32}
SETTINGS final = 0
