-- Failures by when the collector received them.
SELECT $__timeInterval(received_at) AS time, count() AS failures
FROM failures FINAL
WHERE $__timeFilter(received_at)
GROUP BY time
ORDER BY time
