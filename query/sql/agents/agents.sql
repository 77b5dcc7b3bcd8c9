-- A page of agents with how much is kept of them: those of the last day, the latest first, then all others. To read all times takes much longer than to count rows, so only
-- those of the last day are read: `last_seen` is null for an agent that was not heard of since
-- (agents_last_seen.sql).
SELECT
    agent_id,
    sumIf(n, kind = 'attempt') AS attempts,
    sumIf(n, kind = 'failure') AS failures,
    sumIf(n, kind = 'run') AS runs,
    max(last) AS last_seen
FROM
(
    SELECT agent_id, 'attempt' AS kind, count() AS n, NULL AS last
    FROM node_attempts FINAL GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'failure', count(), NULL
    FROM failures FINAL GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'run', count(), NULL
    FROM graph_runs FINAL GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'seen', 0, max(timestamp)
    FROM node_attempts FINAL WHERE timestamp >= now() - INTERVAL 1 DAY GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'seen', 0, max(timestamp)
    FROM failures FINAL WHERE timestamp >= now() - INTERVAL 1 DAY GROUP BY agent_id
    UNION ALL
    SELECT agent_id, 'seen', 0, max(started_at)
    FROM graph_runs FINAL WHERE started_at >= now() - INTERVAL 1 DAY GROUP BY agent_id
)
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND ({find:String} = '' OR positionCaseInsensitiveUTF8(agent_id, {find:String}) > 0)
GROUP BY agent_id
HAVING ifNull(last_seen, toDateTime64(0, 9, 'UTC')) < {before_timestamp:DateTime64(9, 'UTC')}
    OR (ifNull(last_seen, toDateTime64(0, 9, 'UTC')) = {before_timestamp:DateTime64(9, 'UTC')} AND agent_id > {before_id:String})
ORDER BY last_seen DESC NULLS LAST, agent_id
LIMIT {limit:UInt32}
