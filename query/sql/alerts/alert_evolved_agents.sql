-- Agents with an evolution in use that is young enough for a verdict, and whether one was stored since some time.
SELECT agent_id, max(received_at) >= {since:DateTime64(9, 'UTC')} AS is_news
FROM evolutions FINAL
WHERE status = 'applied'
  AND timestamp >= {oldest:DateTime64(9, 'UTC')}
  AND (notEmpty(target_fingerprints) OR notEmpty(target_failures))
GROUP BY agent_id
ORDER BY agent_id
