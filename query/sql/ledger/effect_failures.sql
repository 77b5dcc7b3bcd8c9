-- How often each unit failed: by version, and by the stretch of time between the marks, with the failed
-- runs by blocks of `block_seconds` since 1970. No fingerprint is in two units.
WITH arrayConcat([toInt64(0)], arrayMap(mark -> toUnixTimestamp64Nano(mark), {marks:Array(DateTime64(9, 'UTC'))})) AS starts
SELECT
    any(unit_of_block) AS unit,
    any(ref_of_block) AS graph_snapshot_ref,
    any(stretch_of_block) AS stretch,
    sum(failures_of_block) AS failures,
    uniqExactMerge(failed_of_block) AS failed_runs,
    uniqExactMerge(ended_of_block) AS terminal_runs,
    min(first_of_block) AS first_seen,
    max(last_of_block) AS last_seen,
    groupArray(block) AS blocks,
    groupArray(finalizeAggregation(failed_of_block)) AS block_failed_runs
FROM
(
    SELECT
        any(transform(f.fingerprint, {fingerprints:Array(String)}, {units:Array(UInt32)}, 0)) AS unit_of_block,
        any(f.graph_snapshot_ref) AS ref_of_block,
        indexOf(starts, any(roundDown(toUnixTimestamp64Nano(f.timestamp), starts))) - 1 AS stretch_of_block,
        any(intDiv(toUnixTimestamp(f.timestamp), {block_seconds:UInt32})) AS block,
        count() AS failures_of_block,
        uniqExactState(f.run_hash) AS failed_of_block,
        uniqExactStateIf(f.run_hash, f.disposition IN ('terminal', 'escalated')) AS ended_of_block,
        min(f.timestamp) AS first_of_block,
        max(f.timestamp) AS last_of_block
    FROM failures AS f FINAL
    PREWHERE f.agent_id = {agent:String}
        AND f.fingerprint IN {fingerprints:Array(String)}
        AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    WHERE empty({refs:Array(String)}) OR f.graph_snapshot_ref IN {refs:Array(String)}
    GROUP BY
        sipHash64(transform(f.fingerprint, {fingerprints:Array(String)}, {units:Array(UInt32)}, 0))
        + 3 * sipHash64(f.graph_snapshot_ref)
        + 5 * roundDown(toUnixTimestamp64Nano(f.timestamp), starts)
        + 7 * sipHash64(intDiv(toUnixTimestamp(f.timestamp), {block_seconds:UInt32}))
)
GROUP BY unit_of_block + 4294967296 * stretch_of_block + 3 * sipHash64(ref_of_block)
ORDER BY unit, graph_snapshot_ref, stretch
