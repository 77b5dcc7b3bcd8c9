-- The failures of a run: all of a small one; of a large one the first, the last, and those around the
-- failure that is asked about, in time and in the tree of spans. Revisions never change a trace, so the
-- latest of each is found among the rows of the run's traces (docs/decisions/0009-linking.md).
WITH
traces AS
(
    SELECT DISTINCT trace_id
    FROM failures
    WHERE agent_id = {agent:String}
      AND run_id = {run:String}
      AND timestamp BETWEEN {since:DateTime64(9, 'UTC')} AND {until:DateTime64(9, 'UTC')}
    LIMIT 1000
),
placed AS
(
    SELECT
        failure_id,
        toInt64(row_number() OVER (ORDER BY timestamp, failure_id)) AS place,
        toInt64(count() OVER ()) AS total,
        failure_id = {failure_id:UUID}
            OR parent_span_id = {span:String}
            OR has(ancestor_span_ids, {span:String})
            OR span_id = {parent:String}
            OR has({ancestors:Array(String)}, span_id) AS is_kin
    FROM
    (
        SELECT
            timestamp, failure_id, agent_id, run_id, span_id, parent_span_id, ancestor_span_ids,
            is_deleted
        FROM failures
        WHERE trace_id IN (traces)
        ORDER BY revision DESC
        LIMIT 1 BY agent_id, fingerprint, timestamp, failure_id
    )
    WHERE is_deleted = 0 AND agent_id = {agent:String} AND run_id = {run:String}
),
chosen AS
(
    SELECT failure_id, total
    FROM (SELECT *, maxIf(place, failure_id = {failure_id:UUID}) OVER () AS asked FROM placed)
    ORDER BY
        failure_id = {failure_id:UUID} DESC,
        is_kin DESC,
        least(place, total - place + 1, toInt64(abs(place - asked))),
        place
    LIMIT {limit:UInt32}
)
SELECT
    failure_id, level, trace_id, span_id, parent_span_id, ancestor_span_ids, node_id, attempt, visit,
    site, class, disposition, error_type, substringUTF8(error_message, 1, 500) AS error_message,
    fingerprint, evidence,
    timestamp - toIntervalNanosecond(least(duration_ns, 2592000000000000)) AS started_at,
    timestamp AS ended_at,
    (SELECT any(total) FROM chosen) AS total
FROM
(
    SELECT *
    FROM failures
    WHERE trace_id IN (traces) AND failure_id IN (SELECT failure_id FROM chosen)
    ORDER BY revision DESC
    LIMIT 1 BY agent_id, fingerprint, timestamp, failure_id
)
WHERE is_deleted = 0 AND agent_id = {agent:String} AND run_id = {run:String}
ORDER BY ended_at, failure_id
