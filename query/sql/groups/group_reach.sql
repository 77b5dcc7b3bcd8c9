-- In how many runs and on how many inputs some groups failed; `groups` names the group of each fingerprint.
SELECT
    transform(f.fingerprint, {fingerprints:Array(String)}, {groups:Array(String)}, '') AS group,
    uniqExact(f.run_hash) AS runs,
    uniqExactIf(f.input_hash, f.input_hash != 0) AS inputs
FROM failures AS f FINAL
PREWHERE f.agent_id IN {agents:Array(String)}
    AND f.fingerprint IN {fingerprints:Array(String)}
GROUP BY group
