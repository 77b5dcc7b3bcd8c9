SELECT *
FROM failures FINAL
WHERE failure_id = {failure_id:UUID}
LIMIT 1
