SELECT
    agent_id,
    sumIf(n, kind = 'attempt') AS attempts,
    sumIf(n, kind = 'failure') AS failures,
    sumIf(n, kind = 'run') AS runs,
    max(last) AS last_seen
FROM
(
    SELECT agent_id, 'attempt' AS kind, count() AS n, max(timestamp) AS last
    FROM node_attempts FINAL GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'failure', count(), max(timestamp)
    FROM failures FINAL GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'run', count(), max(started_at)
    FROM graph_runs FINAL GROUP BY agent_id
)
GROUP BY agent_id
ORDER BY last_seen DESC, agent_id
