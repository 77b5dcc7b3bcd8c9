-- How often each unit failed: by version, and by the stretch of time between the marks. Failures older
-- than every kept attempt are left out, for failures are kept longer and would have no denominator.
SELECT
    unit,
    graph_snapshot_ref,
    arrayCount(mark -> mark <= timestamp, {marks:Array(DateTime64(9, 'UTC'))}) AS stretch,
    count() AS failures,
    uniqExact(run_id) AS failed_runs,
    uniqExactIf(run_id, disposition IN ('terminal', 'escalated')) AS terminal_runs,
    min(timestamp) AS first_seen,
    max(timestamp) AS last_seen
FROM failures AS f FINAL
ARRAY JOIN {units:Map(String, Array(UInt32))}[toString(fingerprint)] AS unit
WHERE f.agent_id = {agent:String}
  AND f.fingerprint IN {fingerprints:Array(String)}
  AND (empty({refs:Array(String)}) OR f.graph_snapshot_ref IN {refs:Array(String)})
  AND f.timestamp >= (
      SELECT min(timestamp)
      FROM node_attempts
      WHERE agent_id = {agent:String}
        AND node_id IN {nodes:Array(String)}
        AND (empty({refs:Array(String)}) OR graph_snapshot_ref IN {refs:Array(String)})
  )
GROUP BY unit, graph_snapshot_ref, stretch
ORDER BY unit, graph_snapshot_ref, stretch
