-- Evolutions whose id starts with a text, that which is the text first.
SELECT DISTINCT evolution_id AS id
FROM evolutions
WHERE startsWith(evolution_id, {prefix:String})
ORDER BY id != {prefix:String}, id
LIMIT {most:UInt32}
