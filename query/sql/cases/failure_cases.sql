-- The newest failure of some groups with each input at each node, the newest first. An input without a
-- digest is known by its text.
WITH newest AS
(
    SELECT
        max((f.timestamp, f.failure_id)) AS place,
        min(f.timestamp) AS first_seen,
        count() AS failures
    FROM failures AS f FINAL
    WHERE f.agent_id = {agent:String}
      AND f.fingerprint IN {fingerprints:Array(String)}
      AND f.input_context != ''
      AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    GROUP BY
        f.node_id,
        if(f.input_digest != '', f.input_digest, lower(hex(SHA256(f.input_context))))
    HAVING place < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:UUID})
    ORDER BY place DESC
    LIMIT {limit:UInt32}
)
SELECT
    f.timestamp AS timestamp,
    f.failure_id AS failure_id,
    f.agent_id AS agent_id,
    f.node_id AS node_id,
    f.graph_snapshot_ref AS graph_snapshot_ref,
    f.fingerprint AS fingerprint,
    f.error_type AS error_type,
    f.error_message AS error_message,
    f.class AS class,
    f.disposition AS disposition,
    f.input_context AS input_context,
    f.input_digest AS input_digest,
    f.redactions AS redactions,
    has(f.truncated, 'failure.input') AS is_truncated,
    n.failures AS failures,
    n.first_seen AS first_seen
FROM
(
    SELECT *
    FROM failures FINAL
    WHERE agent_id = {agent:String}
      AND fingerprint IN {fingerprints:Array(String)}
      AND (timestamp, failure_id) IN (SELECT place.1, place.2 FROM newest)
) AS f
INNER JOIN newest AS n ON f.failure_id = n.place.2
ORDER BY timestamp DESC, failure_id DESC
