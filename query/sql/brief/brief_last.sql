-- The newest failures of some fingerprints of an agent, of which the times are known.
SELECT
    fingerprint,
    level,
    node_id,
    class,
    error_type,
    error_message AS last_message,
    failure_id AS last_failure_id,
    input_context AS last_input,
    input_digest AS last_input_digest,
    JSONExtractString(evidence, 'operation') AS operation,
    JSONExtractString(evidence, 'target') AS target,
    stack_trace,
    trace_id,
    span_id,
    service_name
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp IN {times:Array(DateTime64(9, 'UTC'))}
ORDER BY f.timestamp DESC, failure_id DESC
LIMIT {most:UInt32} BY fingerprint
