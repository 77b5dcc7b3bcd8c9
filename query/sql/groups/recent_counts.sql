-- How often each fingerprint of an agent failed since some time. Failures that were sent twice may count twice: this
-- only decides which are worth a look.
SELECT any(f.fingerprint) AS fingerprint, count() AS failures
FROM failures AS f
WHERE f.agent_id = {agent:String} AND f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(f.fingerprint)
ORDER BY fingerprint
