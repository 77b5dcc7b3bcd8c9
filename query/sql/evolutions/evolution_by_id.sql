SELECT *
FROM evolutions FINAL
WHERE evolution_id = {evolution_id:String}
LIMIT 1
