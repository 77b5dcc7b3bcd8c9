-- How much there is in all: lists are cut, these numbers are not.
SELECT
    (
        SELECT count()
        FROM failures AS f FINAL
        WHERE f.agent_id = {agent:String}
          AND ({node:String} = '' OR f.node_id = {node:String})
          AND f.timestamp >= {since:DateTime64(9, 'UTC')}
    ) AS failures,
    (
        SELECT count()
        FROM evolutions AS e FINAL
        WHERE e.agent_id = {agent:String}
          AND e.timestamp >= {since:DateTime64(9, 'UTC')}
    ) AS evolutions
