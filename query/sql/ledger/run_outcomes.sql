SELECT
    any(r.graph_snapshot_ref) AS graph_snapshot_ref,
    any(r.outcome) AS outcome,
    count() AS runs,
    max(r.started_at) AS last_started
FROM graph_runs AS r FINAL
WHERE r.agent_id = {agent:String}
  AND r.started_at >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(r.graph_snapshot_ref) + 3 * sipHash64(r.outcome)
ORDER BY last_started DESC, graph_snapshot_ref, outcome
