-- What fails in an agent, one row per fingerprint, the most frequent first.
SELECT
    fingerprint,
    any(level) AS level,
    any(node_id) AS node_id,
    any(class) AS class,
    any(error_type) AS error_type,
    argMax(error_message, timestamp) AS last_message,
    argMax(failure_id, timestamp) AS last_failure_id,
    argMax(input_context, timestamp) AS last_input,
    count() AS failures,
    uniqExact(run_id) AS runs,
    uniqExactIf(input_digest, input_digest != '') AS inputs,
    countIf(disposition = 'retried') AS retried,
    countIf(disposition = 'terminal') AS terminal,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen,
    arraySort(groupUniqArray(graph_snapshot_ref)) AS graph_snapshot_refs
FROM failures AS f FINAL
WHERE f.agent_id = {agent:String}
  AND ({node:String} = '' OR f.node_id = {node:String})
  AND f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY fingerprint
ORDER BY failures DESC, last_seen DESC, fingerprint
LIMIT {limit:UInt32}
