-- The failures that this watch has written, the latest revision under each key, also where that says
-- that the failure is gone.
SELECT *
FROM failures
WHERE level = 'graph'
    AND class = 'worker.lost'
    AND site = 'worker'
    AND revision > 1
    AND timestamp >= {since:DateTime64(9, 'UTC')}
    AND attributes['faultline.told_by'] = 'silence'
ORDER BY revision DESC
LIMIT 1 BY agent_id, fingerprint, timestamp, failure_id
LIMIT {limit:UInt32}
