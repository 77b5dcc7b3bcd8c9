-- What was counted before and after each evolution for each group that it targets: on the version that
-- it changed, before it was recorded, and on the new version. These are the raw numbers; windows that
-- go on over later versions, the interval and the verdict need more than SQL: `faultline evolutions`.
CREATE OR REPLACE VIEW evolution_effects AS
WITH
    targets AS
    (
        SELECT e.*, fingerprint
        FROM (SELECT * FROM evolutions FINAL) AS e
        ARRAY JOIN target_fingerprints AS fingerprint
    ),
    group_nodes AS
    (
        SELECT agent_id, fingerprint, any(node_id) AS node_id
        FROM failures
        WHERE (agent_id, fingerprint) IN (SELECT agent_id, fingerprint FROM targets)
        GROUP BY agent_id, fingerprint
    ),
    sides AS
    (
        SELECT
            t.evolution_id AS evolution_id,
            t.agent_id AS agent_id,
            t.fingerprint AS fingerprint,
            n.node_id AS node_id,
            side.1 AS is_before,
            side.2 AS ref,
            if(is_before, t.timestamp, toDateTime64('2262-01-01 00:00:00', 9, 'UTC')) AS until
        FROM targets AS t
        INNER JOIN group_nodes AS n ON t.agent_id = n.agent_id AND t.fingerprint = n.fingerprint
        ARRAY JOIN [(true, t.from_ref), (false, t.graph_snapshot_ref)] AS side
        WHERE side.2 != ''
    ),
    counted AS
    (
        SELECT
            evolution_id,
            agent_id,
            fingerprint,
            countIf(is_attempt AND is_before) AS attempts_before,
            countIf(is_attempt AND NOT is_before) AS attempts_after,
            countIf(NOT is_attempt AND is_before) AS failures_before,
            countIf(NOT is_attempt AND NOT is_before) AS failures_after,
            uniqExactIf(run_hash, is_attempt AND is_before) AS runs_before,
            uniqExactIf(run_hash, is_attempt AND NOT is_before) AS runs_after,
            uniqExactIf(run_hash, NOT is_attempt AND is_before) AS failed_runs_before,
            uniqExactIf(run_hash, NOT is_attempt AND NOT is_before) AS failed_runs_after
        FROM
        (
            SELECT s.evolution_id AS evolution_id, s.agent_id AS agent_id, s.fingerprint AS fingerprint,
                   s.is_before AS is_before, true AS is_attempt, a.run_hash AS run_hash
            FROM
            (
                SELECT agent_id, node_id, graph_snapshot_ref, timestamp, run_hash
                FROM node_attempts FINAL
                WHERE (agent_id, node_id) IN (SELECT agent_id, node_id FROM group_nodes)
            ) AS a
            INNER JOIN sides AS s
                ON a.agent_id = s.agent_id AND a.node_id = s.node_id AND a.graph_snapshot_ref = s.ref
            WHERE a.timestamp < s.until
            UNION ALL
            SELECT s.evolution_id, s.agent_id, s.fingerprint, s.is_before, false, f.run_hash
            FROM
            (
                SELECT agent_id, fingerprint, graph_snapshot_ref, timestamp, run_hash
                FROM failures FINAL
                WHERE (agent_id, fingerprint) IN (SELECT agent_id, fingerprint FROM group_nodes)
                  AND timestamp >= (SELECT min(timestamp) FROM node_attempts)
            ) AS f
            INNER JOIN sides AS s
                ON f.agent_id = s.agent_id AND f.fingerprint = s.fingerprint AND f.graph_snapshot_ref = s.ref
            WHERE f.timestamp < s.until
        )
        GROUP BY evolution_id, agent_id, fingerprint
    )
SELECT
    t.agent_id AS agent_id,
    t.evolution_id AS evolution_id,
    t.timestamp AS timestamp,
    t.status AS status,
    t.resolution AS resolution,
    t.from_ref AS from_ref,
    t.graph_snapshot_ref AS graph_snapshot_ref,
    t.fingerprint AS fingerprint,
    c.attempts_before AS attempts_before,
    c.failures_before AS failures_before,
    c.runs_before AS runs_before,
    c.failed_runs_before AS failed_runs_before,
    c.attempts_after AS attempts_after,
    c.failures_after AS failures_after,
    c.runs_after AS runs_after,
    c.failed_runs_after AS failed_runs_after,
    if(
        failed_runs_before = 0 OR runs_before = 0 OR runs_after = 0,
        NULL,
        (failed_runs_after / runs_after) / (failed_runs_before / runs_before)
    ) AS rate_ratio
FROM targets AS t
LEFT JOIN counted AS c
    ON t.agent_id = c.agent_id AND t.evolution_id = c.evolution_id AND t.fingerprint = c.fingerprint
