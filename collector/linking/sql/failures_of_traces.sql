-- What FINAL gives, without reading every granule that shares a key range with these traces: no
-- revision changes the trace, so that all revisions are among the rows that are read.
SELECT *
FROM
(
    SELECT *
    FROM failures
    WHERE trace_id IN {traces:Array(String)}
    ORDER BY revision DESC
    LIMIT 1 BY agent_id, fingerprint, timestamp, failure_id
)
WHERE is_deleted = 0
SETTINGS final = 0
