-- Attempts lie near the rows that they are around, which bounds the partitions to read.
SELECT *
FROM
(
    SELECT *
    FROM node_attempts
    WHERE trace_id IN {traces:Array(String)}
        AND timestamp >= {from:DateTime64(9, 'UTC')} - INTERVAL 1 DAY
        AND timestamp <= {to:DateTime64(9, 'UTC')} + INTERVAL 1 DAY
    ORDER BY revision DESC
    LIMIT 1 BY agent_id, node_id, graph_snapshot_ref, timestamp, trace_id, span_id
)
WHERE is_deleted = 0
LIMIT 1 BY trace_id, span_id
SETTINGS final = 0
