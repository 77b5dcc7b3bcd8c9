-- The newest failures.
SELECT
    timestamp,
    toString(agent_id) AS agent,
    toString(node_id) AS node,
    attempt,
    toString(class) AS class,
    toString(error_type) AS error_type,
    substringUTF8(error_message, 1, 200) AS message,
    toString(disposition) AS disposition,
    run_id,
    toString(failure_id) AS failure_id
FROM failures FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY timestamp DESC, failure_id
LIMIT 50
