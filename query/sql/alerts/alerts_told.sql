-- What was sent, or waits to be, about some groups.
SELECT DISTINCT rule, change, fingerprint, episode, since
FROM alerts
WHERE fingerprint IN {fingerprints:Array(String)}
