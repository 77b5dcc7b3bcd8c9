-- How often some groups of an agent failed since some time; `groups` names the group of each fingerprint.
SELECT
    any(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, '')) AS group,
    count() AS failures,
    uniqExact(f.run_hash) AS runs,
    uniqExactIf(f.input_hash, f.input_hash != 0) AS inputs,
    countIf(f.disposition = 'retried') AS retried,
    countIf(f.disposition = 'terminal') AS terminal,
    min(f.timestamp) AS first_seen,
    max(f.timestamp) AS last_seen,
    arraySort(groupUniqArray(f.graph_snapshot_ref)) AS graph_snapshot_refs,
    argMin(f.graph_snapshot_ref, f.timestamp) AS first_ref,
    arrayMap(time -> fromUnixTimestamp64Nano(-time, 'UTC'), groupArraySorted(12)(-toUnixTimestamp64Nano(f.timestamp))) AS newest,
    group AS fingerprint
FROM failures AS f FINAL
PREWHERE f.agent_id = {agent:String}
    AND f.fingerprint IN {fingerprints:Array(String)}
    AND f.timestamp >= {since:DateTime64(9, 'UTC')}
GROUP BY sipHash64(transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, ''))
