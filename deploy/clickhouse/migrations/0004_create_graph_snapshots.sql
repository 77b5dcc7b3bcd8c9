-- One row per snapshot: a body never changes under its ref, so rows of one ref merge into one.
CREATE TABLE IF NOT EXISTS graph_snapshots
(
    ref         String,
    graph_id    SimpleAggregateFunction(max, String),
    agent_id    SimpleAggregateFunction(max, String),
    body        SimpleAggregateFunction(max, String) CODEC(ZSTD(3)),
    nodes       SimpleAggregateFunction(max, Array(String)),
    edges       SimpleAggregateFunction(max, Array(String)),
    first_seen  SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    last_seen   SimpleAggregateFunction(max, DateTime64(9, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY ref
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
