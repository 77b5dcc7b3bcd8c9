-- Fingerprints of all agents that failed since some time, those that failed last first, from a place on: as far as they may
-- be of a group that is asked for. `touched` are those that something was said of or done about.
SELECT any(f.fingerprint) AS fingerprint, max(f.timestamp) AS last_seen
FROM failures AS f FINAL
WHERE f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(f.fingerprint)
HAVING (last_seen < {before_timestamp:DateTime64(9, 'UTC')}
    OR (last_seen = {before_timestamp:DateTime64(9, 'UTC')} AND fingerprint > {before_id:String}))
  AND (fingerprint IN {touched:Array(String)}
    OR (({kind:String} = 'any'
        OR ({kind:String} = 'new' AND min(f.timestamp) >= {mark:DateTime64(9, 'UTC')})
        OR ({kind:String} = 'ongoing' AND min(f.timestamp) <= {mark:DateTime64(9, 'UTC')})
        OR ({kind:String} = 'escalating' AND countIf(f.timestamp >= {mark:DateTime64(9, 'UTC')}) >= {fewest:UInt32}))
      AND ({node:String} = '' OR countIf(f.node_id = {node:String}) > 0)
      AND ({class:String} = '' OR countIf(f.class = {class:String}) > 0)
      AND (empty({among:Array(String)}) OR fingerprint IN {among:Array(String)})))
ORDER BY last_seen DESC, fingerprint
LIMIT {limit:UInt32}
