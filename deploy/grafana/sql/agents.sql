-- The choices of the variable `agent`.
SELECT agent_id
FROM
(
    SELECT DISTINCT agent_id FROM failures WHERE $__timeFilter(timestamp)
    UNION DISTINCT
    SELECT DISTINCT agent_id FROM node_attempts WHERE $__timeFilter(timestamp)
)
WHERE agent_id != ''
ORDER BY agent_id
