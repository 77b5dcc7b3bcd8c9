SELECT started_at, ended_at, outcome, graph_snapshot_ref, trace_id, span_id, root_span_id
FROM graph_runs FINAL
WHERE agent_id = {agent:String} AND run_id = {run:String}
LIMIT 1
