-- How often each fingerprint failed on each version, in all and since some time, of one agent or of all, those that
-- failed last first: of each agent no more than so many, and no more of all than the process that asks can hold.
-- Grouped by one number made of hashes of the names, which ClickHouse makes once a name and not once a row.
SELECT
    any(f.agent_id) AS agent_id,
    any(f.fingerprint) AS fingerprint,
    any(f.graph_snapshot_ref) AS graph_snapshot_ref,
    any(f.node_id) AS node_id,
    any(f.level) AS level,
    any(f.error_type) AS error_type,
    argMax(f.class, f.timestamp) AS class,
    groupUniqArray(f.class) AS classes,
    count() AS failures,
    countIf(f.timestamp >= {recent:DateTime64(9, 'UTC')}) AS recent_failures,
    min(f.timestamp) AS first_seen,
    max(f.timestamp) AS last_seen
FROM failures AS f FINAL
PREWHERE ({agent:String} = '' OR f.agent_id = {agent:String})
    AND (empty({fingerprints:Array(String)}) OR f.fingerprint IN {fingerprints:Array(String)})
GROUP BY sipHash64(f.agent_id) + 3 * sipHash64(f.fingerprint) + 5 * sipHash64(f.graph_snapshot_ref)
ORDER BY last_seen DESC, fingerprint, graph_snapshot_ref
LIMIT 20000 BY agent_id
LIMIT 100000
