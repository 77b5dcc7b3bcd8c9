-- Failures whose id starts with a text: reads one column of all failures.
SELECT DISTINCT toString(failure_id) AS id
FROM failures
WHERE startsWith(toString(failure_id), {prefix:String})
ORDER BY id
LIMIT {most:UInt32}
