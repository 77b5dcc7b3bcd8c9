SELECT
    failure_id, agent_id, node_id, fingerprint, class, error_type, error_message, graph_snapshot_ref,
    trace_id, span_id, timestamp
FROM failures FINAL
WHERE failure_id IN {failure_ids:Array(UUID)}
ORDER BY timestamp DESC, failure_id
