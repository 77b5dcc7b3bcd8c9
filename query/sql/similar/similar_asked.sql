-- What a group is recognised by.
SELECT
    any(template) AS template,
    any(words) AS words,
    max(frames) AS frames,
    any(error_type) AS error_type
FROM failure_templates
WHERE fingerprint = {fingerprint:String}
GROUP BY fingerprint
