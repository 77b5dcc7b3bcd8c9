SELECT graph_snapshot_ref, outcome, count() AS runs, max(started_at) AS last_started
FROM graph_runs FINAL
WHERE agent_id = {agent:String}
  AND started_at >= {since:DateTime64(9, 'UTC')}
GROUP BY graph_snapshot_ref, outcome
ORDER BY last_started DESC, graph_snapshot_ref, outcome
