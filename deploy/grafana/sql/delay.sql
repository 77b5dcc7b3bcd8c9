-- Time from a failure to its receipt by the collector; clocks of executors that are wrong show here too.
SELECT
    $__timeInterval(received_at) AS time,
    quantileExact(0.5)(delay) AS median,
    quantileExact(0.95)(delay) AS p95
FROM
(
    SELECT
        received_at,
        (toUnixTimestamp64Nano(received_at) - toUnixTimestamp64Nano(timestamp)) / 1e9 AS delay
    FROM failures FINAL
    WHERE $__timeFilter(received_at)
)
GROUP BY time
ORDER BY time
