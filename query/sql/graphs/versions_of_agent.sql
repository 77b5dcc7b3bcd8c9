-- When each version of an agent's graph was first seen: reported as a snapshot, or used by a run or a
-- node. A version that was used before it was reported was there at the earlier time.
SELECT
    ref,
    min(seen) AS first_seen,
    arraySort(any(reported)) AS nodes
FROM
(
    SELECT any(r.graph_snapshot_ref) AS ref, min(r.started_at) AS seen
    FROM graph_runs AS r FINAL
    WHERE r.agent_id = {agent:String}
    GROUP BY sipHash64(r.graph_snapshot_ref)
    UNION ALL
    SELECT any(a.graph_snapshot_ref), min(a.timestamp - toIntervalNanosecond(a.duration_ns))
    FROM node_attempts AS a FINAL
    WHERE a.agent_id = {agent:String}
    GROUP BY sipHash64(a.graph_snapshot_ref)
    UNION ALL
    SELECT ref, first_seen
    FROM graph_snapshots FINAL
    WHERE agent_id = {agent:String}
) AS used
LEFT ANY JOIN
(
    SELECT ref, nodes AS reported
    FROM graph_snapshots FINAL
) AS snapshots USING ref
WHERE ref != ''
GROUP BY ref
ORDER BY first_seen, ref
