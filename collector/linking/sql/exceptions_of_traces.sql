SELECT *
FROM exception_records
WHERE trace_id IN {traces:Array(String)}
LIMIT 1 BY trace_id, span_id, timestamp, record_id
SETTINGS final = 0
