-- How a node of an agent did of late, over all versions and runs.
WITH
    (
        SELECT max(timestamp)
        FROM node_attempts FINAL
        WHERE agent_id = {agent:String}
          AND node_id = {node:String}
          AND timestamp >= {since:DateTime64(9, 'UTC')}
          AND ok
    ) AS last_success
SELECT
    count() AS attempts,
    countIf(NOT ok) AS failure_count,
    countIf(timestamp > last_success) AS consecutive_failures,
    if(failure_count = 0, NULL, maxIf(timestamp, NOT ok)) AS last_failure_at
FROM node_attempts FINAL
WHERE agent_id = {agent:String}
  AND node_id = {node:String}
  AND timestamp >= {since:DateTime64(9, 'UTC')}
