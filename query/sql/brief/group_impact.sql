-- How many runs each group of an agent met and lost since some time, in all and on one version. A run is lost
-- to a failure that was terminal, or that is the root of a run that failed. `groups` names the group of each
-- fingerprint that is merged into another; the others are groups of their own. `only` has the fingerprints to
-- count, none for all. Roots are hashes, since over a cluster those of all shards travel to each.
WITH
    f.disposition = 'terminal' OR sipHash64(f.trace_id, f.span_id) IN (
        SELECT sipHash64(trace_id, root_span_id)
        FROM graph_runs FINAL
        WHERE agent_id = {agent:String} AND outcome = 'failure' AND root_span_id != ''
    ) AS ends_run
SELECT
    any(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, f.fingerprint)) AS fingerprint,
    count() AS failures,
    countIf(f.disposition IN ('retried', 'recovered')) AS recovered,
    sum(f.duration_ns) / 1e9 AS failed_seconds,
    uniqExact(f.run_hash) AS runs_met,
    uniqExactIf(f.run_hash, ends_run) AS runs_lost,
    uniqExactIf(f.run_hash, f.graph_snapshot_ref = {ref:String}) AS runs_met_now,
    uniqExactIf(f.run_hash, ends_run AND f.graph_snapshot_ref = {ref:String}) AS runs_lost_now
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    AND (empty({only:Array(String)}) OR f.fingerprint IN {only:Array(String)})
GROUP BY sipHash64(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, f.fingerprint))
ORDER BY runs_lost_now DESC, fingerprint
LIMIT 20000
