-- Runs, newest first; of an id that several agents have the newest. Ids of runs may be long, so that a page
-- ends at a hash of the one that it shows last.
SELECT
    agent_id, agent_name, run_id, session_id, service_name, environment, graph_id, graph_snapshot_ref,
    trace_id, span_id, root_span_id, started_at,
    if(outcome = '', NULL, ended_at) AS ended_at,
    outcome,
    lower(hex(sipHash128(agent_id, run_id))) AS place
FROM graph_runs AS r FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND ({run:String} = '' OR run_id = {run:String})
  AND ({ref:String} = '' OR graph_snapshot_ref = {ref:String})
  AND ({outcome:String} = '' OR r.outcome = if({outcome:String} = 'open', '', {outcome:String}))
  AND started_at >= {since:DateTime64(9, 'UTC')}
  AND (started_at, place) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:String})
ORDER BY started_at DESC, place DESC
LIMIT {limit:UInt32}
