-- Claims of a lease that were not given back; the first of those that live holds it.
SELECT holder, l.claimed_at AS claimed, revision
FROM leases AS l FINAL
WHERE name = {name:String} AND is_held
ORDER BY claimed, holder
