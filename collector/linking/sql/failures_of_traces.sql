-- Of each key the latest revision, without reading every granule that shares a key range with these
-- traces, as FINAL would: no revision changes the trace, so that all revisions are among the rows that are
-- read. Rows that say that a failure is gone are among them: a consequence may turn out to be none.
SELECT *
FROM
(
    SELECT *
    FROM failures
    WHERE trace_id IN {traces:Array(String)}
    ORDER BY revision DESC
    LIMIT 1 BY agent_id, fingerprint, timestamp, failure_id
)
ORDER BY span_id
SETTINGS final = 0
