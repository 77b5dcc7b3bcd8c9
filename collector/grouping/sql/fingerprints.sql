-- Fingerprints with the time of their first failure, those that failed last first.
SELECT fingerprint, any(agent_id) AS agent_id, min(first_seen) AS first_seen
FROM failure_templates
GROUP BY fingerprint
ORDER BY max(last_seen) DESC, fingerprint
LIMIT {limit:UInt32}
