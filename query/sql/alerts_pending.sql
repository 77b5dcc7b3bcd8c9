-- Alerts that wait to be sent, the oldest first.
SELECT *
FROM alerts FINAL
WHERE status = 'pending'
ORDER BY timestamp, alert_id
