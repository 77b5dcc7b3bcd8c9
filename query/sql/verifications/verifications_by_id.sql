SELECT *
FROM verifications FINAL
WHERE verification_id IN {ids:Array(UUID)}
ORDER BY timestamp DESC, verification_id DESC
