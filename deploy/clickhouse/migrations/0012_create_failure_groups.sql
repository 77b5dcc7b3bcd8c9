-- One row per group of failures. `decision` is what was said last ('resolve', 'ignore', or '' for nothing
-- or a reopen), `decided_at` and `decided_by` tell when and by whom; `class` is the annotated one,
-- otherwise that of the last failure. Which groups are new, escalating or regressed needs more than SQL:
-- `faultline groups`. The latest merge or split of a fingerprint decides where it points; its group is
-- where the pointers end, at most 64 on, and for a cycle of up to 32 the smallest on it
-- (docs/decisions/0013-groups.md).
CREATE OR REPLACE VIEW failure_groups AS
WITH
    pointers AS
    (
        SELECT fingerprint, other_fingerprint, timestamp
        FROM
        (
            SELECT fingerprint, kind, other_fingerprint, timestamp
            FROM group_events FINAL
            WHERE kind IN ('merge', 'split')
            ORDER BY timestamp DESC, event_id DESC
            LIMIT 1 BY fingerprint
        )
        WHERE kind = 'merge' AND other_fingerprint NOT IN ('', fingerprint)
    ),
    (
        SELECT mapFromArrays(groupArray(fingerprint), groupArray(other_fingerprint)) FROM pointers
    ) AS next,
    (
        SELECT mapFromArrays(groupArray(fingerprint), groupArray(timestamp)) FROM pointers
    ) AS since,
    places AS
    (
        SELECT
            fingerprint,
            arrayFold(
                (path, step) -> if(
                    next[path[-1]] = '', path, arrayPushBack(path, next[path[-1]])
                ),
                range(64),
                [fingerprint]
            ) AS path,
            if(next[path[-1]] = '', path[-1], arrayMin(arraySlice(path, -32))) AS group_id,
            if(
                group_id = fingerprint,
                toDateTime64(0, 9, 'UTC'),
                arrayMax(arrayMap(step -> since[step], path))
            ) AS joined
        FROM (SELECT DISTINCT fingerprint FROM group_events)
    ),
    said AS
    (
        SELECT
            p.group_id AS group_id,
            argMaxIf(e.kind, (e.timestamp, e.event_id), e.kind IN ('resolve', 'ignore', 'reopen')) AS kind,
            argMaxIf(e.author, (e.timestamp, e.event_id), e.kind IN ('resolve', 'ignore', 'reopen')) AS author,
            maxIf(e.timestamp, e.kind IN ('resolve', 'ignore', 'reopen')) AS decided_at,
            argMaxIf(e.value, (e.timestamp, e.event_id), e.kind = 'annotate') AS class
        FROM (SELECT * FROM group_events FINAL) AS e
        INNER JOIN places AS p ON e.fingerprint = p.fingerprint
        WHERE e.timestamp >= p.joined
        GROUP BY group_id
    )
SELECT
    f.agent_id AS agent_id,
    if(p.group_id = '', f.fingerprint, p.group_id) AS fingerprint,
    arrayConcat(
        [fingerprint],
        arraySort(arrayFilter(name -> name != fingerprint, groupUniqArray(toString(f.fingerprint))))
    ) AS fingerprints,
    if(any(s.kind) = 'reopen', '', any(s.kind)) AS decision,
    if(decision = '', NULL, any(s.decided_at)) AS decided_at,
    if(decision = '', '', any(s.author)) AS decided_by,
    if(any(s.class) = '', argMax(f.class, (f.timestamp, f.failure_id)), any(s.class)) AS class,
    arraySort(groupUniqArray(f.node_id)) AS node_ids,
    argMax(f.error_type, (f.timestamp, f.failure_id)) AS error_type,
    argMax(f.template, (f.timestamp, f.failure_id)) AS template,
    count() AS failures,
    uniqExact(f.run_hash) AS runs,
    uniqExactIf(f.input_hash, f.input_hash != 0) AS inputs,
    min(f.timestamp) AS first_seen,
    max(f.timestamp) AS last_seen,
    argMax(f.failure_id, (f.timestamp, f.failure_id)) AS last_failure_id,
    arraySort(groupUniqArray(f.graph_snapshot_ref)) AS graph_snapshot_refs
FROM (SELECT *, run_hash, input_hash FROM failures FINAL) AS f
LEFT JOIN places AS p ON toString(f.fingerprint) = p.fingerprint
LEFT JOIN said AS s ON fingerprint = s.group_id
GROUP BY agent_id, fingerprint
