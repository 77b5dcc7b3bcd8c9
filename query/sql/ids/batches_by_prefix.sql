-- Verifications whose id starts with a text.
SELECT DISTINCT toString(batch_id) AS id
FROM verifications
WHERE startsWith(toString(batch_id), {prefix:String})
ORDER BY id
LIMIT {most:UInt32}
