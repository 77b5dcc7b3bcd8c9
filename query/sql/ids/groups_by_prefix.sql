-- Fingerprints that start with a text, with or without their version.
SELECT DISTINCT fingerprint AS id
FROM failure_templates
WHERE startsWith(fingerprint, {prefix:String})
   OR startsWith(substring(fingerprint, position(fingerprint, ':') + 1), {prefix:String})
ORDER BY id
LIMIT {most:UInt32}
