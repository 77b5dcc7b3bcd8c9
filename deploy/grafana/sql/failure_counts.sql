-- Failures, and the agents, runs and groups that they fell on.
SELECT
    count() AS failures,
    uniqExact(agent_id) AS agents,
    uniqExactIf(run_id, run_id != '') AS runs,
    uniqExact(agent_id, fingerprint) AS fingerprints
FROM failures FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
