-- Share of runs with a failed attempt, by agent: what fixes are to bring down.
SELECT
    $__timeInterval(timestamp) AS time,
    toString(agent_id) AS agent,
    uniqExactIf(run_id, NOT ok) / uniqExact(run_id) AS failed_runs
FROM node_attempts FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY time, agent
ORDER BY time, agent
