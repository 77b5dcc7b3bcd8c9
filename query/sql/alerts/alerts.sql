-- What was sent about groups, or waits to be, newest first.
SELECT timestamp, alert_id, receiver, rule, change, agent_id, fingerprint, since, status, tries, last_error, updated_at
FROM alerts FINAL
WHERE status != 'began'
  AND ({agent:String} = '' OR agent_id = {agent:String})
  AND ({status:String} = '' OR status = {status:String})
  AND timestamp >= {since:DateTime64(9, 'UTC')}
  AND (timestamp, concat(alert_id, '/', receiver)) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:String})
ORDER BY timestamp DESC, concat(alert_id, '/', receiver) DESC
LIMIT {limit:UInt32}
