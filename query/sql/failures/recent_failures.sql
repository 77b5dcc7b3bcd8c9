SELECT * EXCEPT (ancestor_span_ids, revision, is_deleted)
FROM failures FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND ({node:String} = '' OR node_id = {node:String})
  AND ({fingerprint:String} = '' OR fingerprint = {fingerprint:String})
  AND ({run:String} = '' OR run_id = {run:String})
  AND ({class:String} = '' OR class = {class:String})
  AND ({text:String} = ''
    OR positionCaseInsensitiveUTF8(error_message, {text:String}) > 0
    OR positionCaseInsensitiveUTF8(template, {text:String}) > 0)
  AND timestamp >= {since:DateTime64(9, 'UTC')}
  AND (timestamp, failure_id) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:UUID})
ORDER BY timestamp DESC, failure_id DESC
LIMIT {limit:UInt32}
