-- How each node of an agent fared before and after: on some versions (none given = any but those left
-- out) within some time.
SELECT
    node_id,
    (
        timestamp >= {before_since:DateTime64(9, 'UTC')}
        AND timestamp < {before_until:DateTime64(9, 'UTC')}
        AND if(
            empty({before_refs:Array(String)}),
            NOT has({before_except:Array(String)}, graph_snapshot_ref),
            has({before_refs:Array(String)}, graph_snapshot_ref)
        )
    ) AS is_before,
    count() AS attempts,
    countIf(ok) AS succeeded,
    toUInt64(quantileExact(0.5)(duration_ns)) AS median_duration_ns
FROM node_attempts FINAL
WHERE agent_id = {agent:String}
  AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
  AND (
      is_before
      OR (
          timestamp >= {after_since:DateTime64(9, 'UTC')}
          AND timestamp < {after_until:DateTime64(9, 'UTC')}
          AND (
              empty({after_refs:Array(String)})
              OR has({after_refs:Array(String)}, graph_snapshot_ref)
          )
      )
  )
GROUP BY node_id, is_before
ORDER BY node_id, is_before
