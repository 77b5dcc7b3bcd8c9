-- Fingerprints of failures with a text in their message or its template, of one agent or of all.
SELECT DISTINCT f.fingerprint AS fingerprint
FROM failures AS f FINAL
WHERE ({agent:String} = '' OR f.agent_id = {agent:String})
  AND (positionCaseInsensitiveUTF8(f.error_message, {text:String}) > 0
    OR positionCaseInsensitiveUTF8(f.template, {text:String}) > 0)
LIMIT 100000
