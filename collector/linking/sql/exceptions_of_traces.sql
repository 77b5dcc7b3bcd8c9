-- In the order in which the linker looks at them: of each span the newest first.
SELECT *
FROM
(
    SELECT *
    FROM exception_records
    WHERE trace_id IN {traces:Array(String)}
    LIMIT 1 BY trace_id, span_id, timestamp, record_id
)
ORDER BY span_id, timestamp DESC, record_id DESC
SETTINGS final = 0
