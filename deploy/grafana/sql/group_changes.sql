-- What was said about groups: resolved, ignored, reopened, merged, split, annotated, noted.
SELECT
    timestamp,
    toString(agent_id) AS agent,
    toString(kind) AS change,
    value,
    reason,
    toString(author) AS author,
    evolution_id AS evolution,
    fingerprint,
    other_fingerprint
FROM group_events FINAL
WHERE $__timeFilter(timestamp) AND $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
ORDER BY timestamp DESC, event_id
LIMIT 100
