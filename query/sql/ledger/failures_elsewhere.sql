-- Failed runs of other agents, and of other nodes of the agent, by blocks of time within some stretches: with
-- the same class or type of error, or at the same host as the failures of some fingerprints.
WITH
    (
        SELECT groupUniqArray(50)(attributes['server.address'])
        FROM failures
        PREWHERE agent_id = {agent:String}
            AND fingerprint IN {fingerprints:Array(String)}
            AND timestamp >= {since:DateTime64(9, 'UTC')}
            AND timestamp < {until:DateTime64(9, 'UTC')}
        WHERE attributes['server.address'] != ''
    ) AS hosts
SELECT
    intDiv(toUnixTimestamp(f.timestamp), {block_seconds:UInt32}) AS block,
    uniqExact(f.run_hash) AS failed_runs,
    groupUniqArray(4)(if(f.agent_id = {agent:String}, '', f.agent_id)) AS agents
FROM failures AS f
PREWHERE f.timestamp >= {since:DateTime64(9, 'UTC')}
    AND f.timestamp < {until:DateTime64(9, 'UTC')}
    AND arrayExists((start, end) -> f.timestamp >= start AND f.timestamp < end, {starts:Array(DateTime64(9, 'UTC'))}, {ends:Array(DateTime64(9, 'UTC'))})
WHERE NOT f.is_deleted
  AND (f.agent_id != {agent:String} OR f.node_id NOT IN {nodes:Array(String)})
  AND (f.class IN {classes:Array(String)} OR f.error_type IN {types:Array(String)} OR has(hosts, f.attributes['server.address']))
GROUP BY block
ORDER BY block
