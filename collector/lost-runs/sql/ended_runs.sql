-- Those of some runs that have ended.
SELECT agent_id, run_id
FROM graph_runs
WHERE agent_id IN {agents:Array(String)} AND run_id IN {runs:Array(String)}
GROUP BY agent_id, run_id
HAVING argMax(outcome, told_at) != ''
