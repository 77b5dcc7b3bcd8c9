-- Groups by what was said of them; 'failing again' failed after they were resolved.
SELECT
    multiIf(
        decision = 'resolve' AND last_seen > decided_at, 'failing again',
        decision = 'resolve', 'resolved',
        decision = 'ignore', 'ignored',
        'open'
    ) AS state,
    count() AS groups,
    sum(failures) AS failures
FROM failure_groups
WHERE $__conditionalAll(agent_id IN (${agent:singlequote}), $agent)
GROUP BY state
ORDER BY state
