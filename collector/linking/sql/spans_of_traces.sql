-- In the order in which the linker looks at them: by when they started, of those the longest first.
SELECT *
FROM
(
    SELECT *
    FROM trace_spans
    WHERE trace_id IN {traces:Array(String)}
    ORDER BY revision DESC
    LIMIT 1 BY trace_id, span_id
)
ORDER BY toUnixTimestamp64Nano(timestamp) - duration_ns, timestamp DESC, span_id
SETTINGS final = 0
