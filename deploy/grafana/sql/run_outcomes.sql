-- Runs by how they ended; those that have not are 'running'.
SELECT
    $__timeInterval(started_at) AS time,
    if(outcome = '', 'running', toString(outcome)) AS result,
    count() AS runs
FROM graph_runs FINAL
WHERE $__timeFilter(started_at) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY time, result
ORDER BY time, result
