-- What the verifications of an agent came to, the newest first: each by the change or the version that it
-- was about.
SELECT
    batch_id,
    evolution_id,
    graph_snapshot_ref,
    max(v.timestamp) AS timestamp,
    countIf(result = 'fixed') AS fixed,
    countIf(result = 'still_failing') AS still_failing,
    countIf(result = 'other_failure') AS other_failure,
    countIf(result = 'not_run') AS not_run
FROM verifications AS v FINAL
WHERE agent_id = {agent:String}
GROUP BY
    batch_id,
    evolution_id,
    -- Not of what was not run, whose version nobody knows.
    if(evolution_id = '', v.graph_snapshot_ref, '') AS graph_snapshot_ref
ORDER BY timestamp DESC
LIMIT 1000
