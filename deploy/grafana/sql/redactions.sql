-- Secrets that were removed from failures, by kind.
SELECT $__timeInterval(timestamp) AS time, kind, sum(removed) AS removed
FROM
(
    SELECT timestamp, toString(item.1) AS kind, item.2 AS removed
    FROM failures FINAL
    ARRAY JOIN CAST(redactions, 'Array(Tuple(String, UInt32))') AS item
    WHERE $__timeFilter(timestamp)
)
GROUP BY time, kind
ORDER BY time, kind
