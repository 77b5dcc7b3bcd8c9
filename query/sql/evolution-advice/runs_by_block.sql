-- Runs of some versions of an agent that have ended, and those of them that failed, by blocks of
-- `block_seconds` since 1970.
SELECT
    any(r.graph_snapshot_ref) AS graph_snapshot_ref,
    any(intDiv(toUnixTimestamp(r.started_at), {block_seconds:UInt32})) AS block,
    count() AS runs,
    countIf(r.outcome IN ('failure', 'truncated')) AS failed,
    max(r.started_at) AS last_started
FROM graph_runs AS r FINAL
WHERE r.agent_id = {agent:String}
  AND r.graph_snapshot_ref IN {refs:Array(String)}
  AND r.started_at >= {since:DateTime64(9, 'UTC')}
  AND r.outcome != ''
GROUP BY sipHash64(r.graph_snapshot_ref) + 3 * intDiv(toUnixTimestamp(r.started_at), {block_seconds:UInt32})
ORDER BY block, graph_snapshot_ref
