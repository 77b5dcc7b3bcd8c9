-- Cases that were run again, the newest first. Results of an evolution are those that name it, and those of
-- the version that it made.
SELECT *
FROM verifications FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND (empty({fingerprints:Array(String)}) OR fingerprint IN {fingerprints:Array(String)})
  AND ({result:String} = '' OR result = {result:String})
  AND ({batch:String} = '' OR toString(batch_id) = {batch:String})
  AND ({evolution:String} = ''
    OR evolution_id = {evolution:String}
    OR (evolution_id = '' AND (agent_id, graph_snapshot_ref) IN (
        SELECT agent_id, graph_snapshot_ref
        FROM evolutions FINAL
        WHERE evolution_id = {evolution:String} AND graph_snapshot_ref != ''
    )))
  AND timestamp >= {since:DateTime64(9, 'UTC')}
  AND (timestamp, verification_id) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:UUID})
ORDER BY timestamp DESC, verification_id DESC
LIMIT {limit:UInt32}
