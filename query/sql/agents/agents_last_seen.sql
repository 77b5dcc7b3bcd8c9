-- When some agents were heard of last.
SELECT agent_id, max(last) AS last_seen
FROM
(
    SELECT agent_id, max(timestamp) AS last
    FROM node_attempts FINAL WHERE agent_id IN {agents:Array(String)} GROUP BY agent_id
    UNION ALL
    SELECT agent_id, max(timestamp)
    FROM failures FINAL WHERE agent_id IN {agents:Array(String)} GROUP BY agent_id
    UNION ALL
    SELECT agent_id, max(started_at)
    FROM graph_runs FINAL WHERE agent_id IN {agents:Array(String)} GROUP BY agent_id
)
GROUP BY agent_id
