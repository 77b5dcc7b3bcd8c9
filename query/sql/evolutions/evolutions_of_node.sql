-- Evolutions that target a failure of a node, or a fingerprint that failed there; as far as those are kept.
WITH
    (
        SELECT groupUniqArray(toString(fingerprint))
        FROM failures FINAL
        WHERE ({agent:String} = '' OR agent_id = {agent:String})
          AND node_id = {node:String}
          AND fingerprint IN (SELECT arrayJoin(target_fingerprints) FROM evolutions)
    ) AS fingerprints,
    (
        SELECT groupUniqArray(failure_id)
        FROM failures FINAL
        WHERE ({agent:String} = '' OR agent_id = {agent:String})
          AND node_id = {node:String}
          AND failure_id IN (SELECT arrayJoin(target_failures) FROM evolutions)
    ) AS failure_ids
SELECT *
FROM evolutions FINAL
WHERE ({agent:String} = '' OR agent_id = {agent:String})
  AND timestamp >= {since:DateTime64(9, 'UTC')}
  AND (timestamp, evolution_id) < ({before_timestamp:DateTime64(9, 'UTC')}, {before_id:String})
  AND (hasAny(target_fingerprints, fingerprints) OR hasAny(target_failures, failure_ids))
ORDER BY timestamp DESC, evolution_id DESC
LIMIT {limit:UInt32}
