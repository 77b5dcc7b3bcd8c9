-- Attempts and failed attempts of each node by the hour.
CREATE OR REPLACE VIEW failure_rates AS
SELECT
    toStartOfHour(timestamp) AS hour,
    agent_id,
    node_id,
    count() AS attempts,
    countIf(NOT ok) AS failed,
    failed / attempts AS failure_rate
FROM node_attempts FINAL
GROUP BY hour, agent_id, node_id
