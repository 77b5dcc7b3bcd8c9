-- Evolutions of the time range, those without targets too.
SELECT
    timestamp,
    toString(agent_id) AS agent,
    evolution_id AS evolution,
    toString(status) AS status,
    toString(trigger) AS trigger,
    toString(strategy) AS strategy,
    resolution,
    rationale,
    toString(author) AS author,
    length(target_fingerprints) AS groups,
    from_ref AS from_version,
    graph_snapshot_ref AS version
FROM evolutions FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY timestamp DESC, evolution
LIMIT 100
