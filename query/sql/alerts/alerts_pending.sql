-- Alerts that wait for a receiver, those that are due first, and how many there are. The pause after a try is
-- twice as long each time, up to the longest.
WITH toFloat64(toUnixTimestamp64Milli(updated_at)) AS tried_at
SELECT
    *,
    tried_at + if(tries = 0, 0, least({first_ms:Float64} * pow(2, tries - 1), {longest_ms:Float64})) AS due_at,
    (SELECT count() FROM alerts FINAL WHERE status = 'pending' AND receiver = {receiver:String}) AS pending
FROM alerts FINAL
WHERE status = 'pending' AND receiver = {receiver:String}
ORDER BY due_at, alert_id
LIMIT {limit:UInt32}
