-- How often each unit failed: by version, and by the stretch of time between the marks. No fingerprint is in
-- two units.
WITH arrayConcat([toInt64(0)], arrayMap(mark -> toUnixTimestamp64Nano(mark), {marks:Array(DateTime64(9, 'UTC'))})) AS starts
SELECT
    any(transform(f.fingerprint, {fingerprints:Array(String)}, {units:Array(UInt32)}, 0)) AS unit,
    any(f.graph_snapshot_ref) AS graph_snapshot_ref,
    indexOf(starts, any(roundDown(toUnixTimestamp64Nano(f.timestamp), starts))) - 1 AS stretch,
    count() AS failures,
    uniqExact(f.run_hash) AS failed_runs,
    uniqExactIf(f.run_hash, f.disposition IN ('terminal', 'escalated')) AS terminal_runs,
    min(f.timestamp) AS first_seen,
    max(f.timestamp) AS last_seen
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp >= {since:DateTime64(9, 'UTC')}
WHERE empty({refs:Array(String)}) OR f.graph_snapshot_ref IN {refs:Array(String)}
GROUP BY
    sipHash64(transform(f.fingerprint, {fingerprints:Array(String)}, {units:Array(UInt32)}, 0))
    + 3 * sipHash64(f.graph_snapshot_ref)
    + 5 * roundDown(toUnixTimestamp64Nano(f.timestamp), starts)
ORDER BY unit, graph_snapshot_ref, stretch
