-- What each evolution of the time range did to each group that it targets.
SELECT
    timestamp,
    toString(agent_id) AS agent,
    evolution_id AS evolution,
    toString(status) AS status,
    resolution,
    failed_runs_before,
    runs_before,
    failed_runs_before / nullIf(runs_before, 0) AS rate_before,
    failed_runs_after,
    runs_after,
    failed_runs_after / nullIf(runs_after, 0) AS rate_after,
    rate_ratio,
    fingerprint
FROM evolution_effects
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY timestamp DESC, evolution, fingerprint
LIMIT 100
