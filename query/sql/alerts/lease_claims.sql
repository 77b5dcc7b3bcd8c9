-- Claims of a lease that were not given back.
SELECT holder, l.claimed_at AS claimed, revision
FROM leases AS l FINAL
WHERE name = {name:String} AND is_held
ORDER BY claimed, holder
