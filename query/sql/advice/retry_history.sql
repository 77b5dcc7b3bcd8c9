-- The newest failed attempts of one kind, some of each attempt number, and with each all attempts of
-- its node in its run from the oldest of them on: what happened next is among these. Of a class are those
-- `annotated` with it, and those that have it and were not annotated `otherwise`.
WITH
    (
        SELECT groupArray((timestamp, attempt, run, node, disposition, class, run_hash))
        FROM
        (
            SELECT
                timestamp,
                attempt,
                toString(run_id) AS run,
                toString(node_id) AS node,
                toString(disposition) AS disposition,
                toString(class) AS class,
                run_hash
            FROM failures AS f FINAL
            WHERE f.agent_id = {agent:String}
              AND f.level = 'node'
              AND f.run_id != ''
              AND ({node:String} = '' OR f.node_id = {node:String})
              AND (empty({fingerprints:Array(String)}) OR f.fingerprint IN {fingerprints:Array(String)})
              AND ({error_type:String} = '' OR f.error_type = {error_type:String})
              AND (
                  {class:String} = ''
                  OR f.fingerprint IN {annotated:Array(String)}
                  OR (f.class = {class:String} AND f.fingerprint NOT IN {otherwise:Array(String)})
              )
              AND f.timestamp >= {since:DateTime64(9, 'UTC')}
            ORDER BY timestamp DESC, f.failure_id DESC
            LIMIT {limit:UInt32} BY attempt
            LIMIT {total:UInt32}
        )
    ) AS failed
SELECT
    toUnixTimestamp64Nano(one.1) / 1e6 AS failed_at,
    one.2 AS attempt,
    one.3 AS run_id,
    one.4 AS node_id,
    one.5 AS disposition,
    one.6 AS class,
    attempts
FROM
(
    SELECT arrayJoin(failed) AS one, one.7 AS run, one.4 AS node
) AS f
LEFT JOIN
(
    SELECT
        run_hash AS run,
        toString(node_id) AS node,
        groupArray((attempt, ok, (toUnixTimestamp64Nano(timestamp) - duration_ns) / 1e6)) AS attempts
    FROM node_attempts FINAL
    WHERE agent_id = {agent:String}
      AND ({node:String} = '' OR node_id = {node:String})
      AND run_hash IN (SELECT arrayJoin(failed).7)
      AND timestamp >= arrayMin(arrayMap(x -> x.1, failed))
    GROUP BY run, node
) AS a ON f.run = a.run AND f.node = a.node
ORDER BY failed_at DESC
