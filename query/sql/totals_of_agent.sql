-- How much there is in all: lists are cut, these numbers are not.
SELECT
    (
        SELECT (count(), uniqExact(fingerprint))
        FROM failures AS f FINAL
        WHERE f.agent_id = {agent:String}
          AND ({node:String} = '' OR f.node_id = {node:String})
          AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    ) AS counted,
    counted.1 AS failures,
    counted.2 AS groups,
    (
        SELECT count()
        FROM evolutions AS e FINAL
        WHERE e.agent_id = {agent:String}
          AND e.timestamp >= {since:DateTime64(9, 'UTC')}
    ) AS evolutions
