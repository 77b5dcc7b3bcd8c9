SELECT *
FROM trace_spans
WHERE trace_id IN {traces:Array(String)}
ORDER BY revision DESC
LIMIT 1 BY trace_id, span_id
SETTINGS final = 0
