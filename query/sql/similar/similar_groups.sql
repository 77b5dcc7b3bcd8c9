-- The groups that are nearest to some words, a text and frames. A word counts for the more, the fewer
-- groups have it; a word that only the other group has counts as the middle one of these. Words weigh
-- as much as runs of four letters do (they find other endings and compounds); frames where both have
-- any, and the type of the error where it is known.
WITH
    groups AS
    (
        SELECT
            fingerprint,
            any(agent_id) AS agent_id,
            any(node_id) AS node_id,
            any(error_type) AS error_type,
            any(template) AS template,
            any(words) AS words,
            max(frames) AS frames,
            min(first_seen) AS first_seen,
            max(last_seen) AS last_seen
        FROM failure_templates
        GROUP BY fingerprint
    ),
    (SELECT count() FROM groups) AS total,
    (
        SELECT mapFromArrays(groupArray(word), groupArray(weight))
        FROM
        (
            SELECT toString(word) AS word, log(1 + total / count()) AS weight
            FROM groups
            ARRAY JOIN words AS word
            WHERE word IN {words:Array(String)}
            GROUP BY word
        )
    ) AS weights,
    if(empty(weights), 1., arraySum(mapValues(weights)) / length(weights)) AS middle,
    arraySum(word -> if(weights[word] = 0, middle, weights[word]), {words:Array(String)}) AS asked_weight
SELECT
    fingerprint, agent_id, node_id, error_type, template, first_seen, last_seen,
    arrayFilter(word -> has({words:Array(String)}, word), words) AS shared_words,
    arrayIntersect(frames, {frames:Array(String)}) AS shared_frames,
    arraySum(word -> weights[word], shared_words) AS shared_weight,
    2 * shared_weight
        / greatest(
            asked_weight + shared_weight + middle * (length(words) - length(shared_words)), 1e-9
        ) AS word_score,
    if(
        {text:String} = '' OR template = '',
        0,
        1 - ngramDistanceCaseInsensitiveUTF8(substringUTF8(template, 1, 400), {text:String})
    ) AS text_score,
    (word_score + text_score) / 2 AS message_score,
    length(shared_frames)
        / greatest(length(frames) + length({frames:Array(String)}) - length(shared_frames), 1)
        AS frame_score,
    notEmpty(frames) AND notEmpty({frames:Array(String)}) AS has_frames,
    {error_type:String} != '' AS has_type,
    (
        0.55 * message_score
        + if(has_frames, 0.35 * frame_score, 0)
        + if(has_type, 0.1 * (error_type = {error_type:String}), 0)
    ) / (0.55 + if(has_frames, 0.35, 0) + if(has_type, 0.1, 0)) AS score
FROM groups
WHERE fingerprint != {fingerprint:String}
  AND ({agent:String} = '' OR agent_id = {agent:String})
  AND ({node:String} = '' OR node_id = {node:String})
  -- As numbers: sent to shards, the first moment of 1970 is '0', which is no time to them.
  AND toUnixTimestamp64Nano(last_seen) >= toUnixTimestamp64Nano({since:DateTime64(9, 'UTC')})
  AND (hasAny(words, {words:Array(String)}) OR hasAny(frames, {frames:Array(String)}) OR text_score > 0.5)
  AND score >= 0.2
ORDER BY score DESC, last_seen DESC, fingerprint
LIMIT {limit:UInt32}
