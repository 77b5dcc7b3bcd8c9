-- How often some nodes were tried first in a run, by the hour since some time. The node '' stands for the
-- graph as a whole, whose attempts are its runs. Attempts that were sent twice may count twice: they are
-- only compared with each other.
SELECT agent_id, node_id, groupArray(hour) AS hours, groupArray(tries_of_hour) AS tries
FROM
(
    SELECT
        any(agent) AS agent_id,
        any(node) AS node_id,
        any(intDiv(toUnixTimestamp(timestamp), 3600)) AS hour,
        count() AS tries_of_hour
    FROM
    (
        SELECT agent_id AS agent, node_id AS node, timestamp
        FROM node_attempts
        WHERE agent_id IN {agents:Array(String)}
          AND node_id IN {nodes:Array(String)}
          AND node_id != ''
          AND attempt <= 1
          AND timestamp >= {since:DateTime64(9, 'UTC')}
        UNION ALL
        SELECT agent_id, toLowCardinality(''), started_at
        FROM graph_runs FINAL
        WHERE agent_id IN {agents:Array(String)}
          AND has({nodes:Array(String)}, '')
          AND started_at >= {since:DateTime64(9, 'UTC')}
    )
    GROUP BY sipHash64(agent) + 3 * sipHash64(node) + 5 * intDiv(toUnixTimestamp(timestamp), 3600)
)
GROUP BY agent_id, node_id
ORDER BY agent_id, node_id
