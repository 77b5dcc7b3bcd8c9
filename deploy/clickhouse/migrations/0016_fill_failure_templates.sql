-- Fills failure_templates, once for each fingerprint of an insert. Words are what the template has in
-- letters, without values; frames are file and function names, without those of libraries and without
-- line numbers.
CREATE MATERIALIZED VIEW IF NOT EXISTS failure_templates_filler TO failure_templates AS
SELECT
    fingerprint,
    agent_id,
    node_id,
    error_type,
    template,
    arraySlice(
        arrayDistinct(
            arrayFilter(
                word -> lengthUTF8(word) BETWEEN 2 AND 40 AND NOT match(word, '\\d'),
                splitByNonAlpha(
                    lowerUTF8(replaceRegexpAll(substringUTF8(template, 1, 4000), '<[a-z_]+>', ' '))
                )
            )
        ),
        1,
        64
    ) AS words,
    arraySlice(
        arraySort(
            arrayDistinct(
                arrayMap(
                    name -> substringUTF8(name, 1, 60),
                    arrayConcat(
                        extractAll(own, '([\\w$-]+(?:\\.[\\w$-]+)*\\.(?:py|[cm]?[jt]sx?|java|kt|go|rb|rs|cs|php))\\b'),
                        extractAll(own, '(?:, in |\\bat (?:async )?(?:new )?)([A-Za-z_$][\\w$.<>]*)')
                    )
                )
            )
        ),
        1,
        40
    ) AS frames,
    first_seen,
    last_seen
FROM
(
    SELECT
        fingerprint,
        any(f.agent_id) AS agent_id,
        any(f.node_id) AS node_id,
        any(f.error_type) AS error_type,
        any(f.template) AS template,
        arrayStringConcat(
            arrayFilter(
                line -> NOT match(
                    line,
                    '(?:site|dist)-packages[/\\\\]|node_modules[/\\\\]|node:|/lib/python\\d|/usr/(?:local/)?(?:go|lib)/|<frozen |\\bat (?:java|javax|jdk|sun|kotlin)\\.'
                ),
                splitByChar('\n', substringUTF8(max(f.stack_trace), 1, 16384))
            ),
            '\n'
        ) AS own,
        min(f.timestamp) AS first_seen,
        max(f.timestamp) AS last_seen
    FROM failures AS f
    WHERE f.is_deleted = 0
    GROUP BY fingerprint
)
