-- The record that an agent framework asks for, one row per failure. `evolution_triggered` is the id
-- of the first evolution after the failure that names the failure or its fingerprint, '' if none;
-- `resolution` is its fix in words.
CREATE OR REPLACE VIEW failure_records AS
WITH
    by_failure AS
    (
        SELECT
            failure_id,
            argMin(evolution_id, timestamp) AS evolution_id,
            argMin(resolution, timestamp) AS resolution
        FROM (SELECT * FROM evolutions FINAL)
        ARRAY JOIN target_failures AS failure_id
        GROUP BY failure_id
    ),
    by_fingerprint AS
    (
        SELECT agent_id, fingerprint, timestamp, evolution_id, resolution
        FROM (SELECT * FROM evolutions FINAL)
        ARRAY JOIN target_fingerprints AS fingerprint
    )
SELECT
    f.session_id AS session_id,
    f.agent_id AS agent_id,
    f.node_id AS node_id,
    f.timestamp AS timestamp,
    f.error_type AS error_type,
    f.error_message AS error_message,
    f.graph_snapshot_ref AS graph_snapshot,
    f.input_context AS input_context,
    if(a.evolution_id != '', a.evolution_id, b.evolution_id) AS evolution_triggered,
    if(a.evolution_id != '', a.resolution, b.resolution) AS resolution
FROM (SELECT * FROM failures FINAL) AS f
LEFT ANY JOIN by_failure AS a ON f.failure_id = a.failure_id
ASOF LEFT JOIN by_fingerprint AS b
    ON f.agent_id = b.agent_id AND f.fingerprint = b.fingerprint AND f.timestamp <= b.timestamp
