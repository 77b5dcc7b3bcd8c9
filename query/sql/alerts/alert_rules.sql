-- When each rule was first in use.
SELECT rule, min(a.timestamp) AS timestamp
FROM alerts AS a
WHERE status = 'began'
GROUP BY rule
ORDER BY rule
