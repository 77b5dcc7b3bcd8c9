-- Which attributes of failures were cut, and how often.
SELECT arrayJoin(truncated) AS attribute, count() AS failures
FROM failures FINAL
WHERE $__timeFilter(timestamp)
GROUP BY attribute
ORDER BY failures DESC, attribute
