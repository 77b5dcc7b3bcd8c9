-- The agent whose group it is: by a failure, otherwise by what was said about it. A name may be said and have
-- no failure: while a new version of the fingerprint comes, groups keep their names in the older one.
SELECT agent_id FROM (SELECT agent_id FROM failures WHERE fingerprint = {fingerprint:String} LIMIT 1)
UNION ALL
SELECT agent_id
FROM (
  SELECT agent_id
  FROM group_events
  WHERE fingerprint = {fingerprint:String} OR other_fingerprint = {fingerprint:String}
  LIMIT 1
)
