-- Runs of some versions of an agent that some groups ended, by blocks of `block_seconds` since 1970. A run is
-- ended by a failure that was terminal, or that is the root of a run that failed. `groups` names the group of
-- each fingerprint.
WITH
    f.disposition = 'terminal' OR sipHash64(f.trace_id, f.span_id) IN (
        SELECT sipHash64(trace_id, root_span_id)
        FROM graph_runs FINAL
        WHERE agent_id = {agent:String} AND outcome IN ('failure', 'truncated') AND root_span_id != ''
    ) AS ends_run
SELECT
    any(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, f.fingerprint)) AS fingerprint,
    any(f.graph_snapshot_ref) AS graph_snapshot_ref,
    any(intDiv(toUnixTimestamp(f.timestamp), {block_seconds:UInt32})) AS block,
    uniqExactIf(f.run_hash, ends_run) AS failed
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp >= {since:DateTime64(9, 'UTC')}
WHERE f.graph_snapshot_ref IN {refs:Array(String)}
GROUP BY
    sipHash64(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, f.fingerprint))
    + 3 * sipHash64(f.graph_snapshot_ref)
    + 5 * intDiv(toUnixTimestamp(f.timestamp), {block_seconds:UInt32})
HAVING failed > 0
ORDER BY fingerprint, graph_snapshot_ref, block
