-- Alerts that wait for a receiver that is none of these.
SELECT *
FROM alerts FINAL
WHERE status = 'pending' AND receiver NOT IN {receivers:Array(String)}
LIMIT {limit:UInt32}
