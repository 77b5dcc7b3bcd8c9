-- How each node of an agent fared before and after: on some versions (none given = any but those left
-- out) within some time.
WITH
    (
        a.timestamp >= {before_since:DateTime64(9, 'UTC')}
        AND a.timestamp < {before_until:DateTime64(9, 'UTC')}
        AND if(
            empty({before_refs:Array(String)}),
            a.graph_snapshot_ref NOT IN {before_except:Array(String)},
            a.graph_snapshot_ref IN {before_refs:Array(String)}
        )
    ) AS before
SELECT
    any(a.node_id) AS node_id,
    any(before) AS is_before,
    count() AS attempts,
    countIf(a.ok) AS succeeded,
    toUInt64(quantileExact(0.5)(a.duration_ns)) AS median_duration_ns
FROM node_attempts AS a FINAL
WHERE a.agent_id = {agent:String}
  AND (empty({refs:Array(String)}) OR a.graph_snapshot_ref IN {refs:Array(String)})
  AND (
      before
      OR (
          a.timestamp >= {after_since:DateTime64(9, 'UTC')}
          AND a.timestamp < {after_until:DateTime64(9, 'UTC')}
          AND (
              empty({after_refs:Array(String)})
              OR a.graph_snapshot_ref IN {after_refs:Array(String)}
          )
      )
  )
GROUP BY sipHash64(a.node_id) + before
ORDER BY node_id, is_before
