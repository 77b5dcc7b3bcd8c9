-- Seconds since the newest row of each kind, by its own time.
SELECT 'attempt' AS row, dateDiff('second', max(timestamp), now64(9, 'UTC')) AS age
FROM node_attempts
HAVING count() > 0
UNION ALL
SELECT 'failure', dateDiff('second', max(timestamp), now64(9, 'UTC'))
FROM failures
HAVING count() > 0
UNION ALL
SELECT 'run', dateDiff('second', max(greatest(started_at, ended_at)), now64(9, 'UTC'))
FROM graph_runs
HAVING count() > 0
