-- One row per fingerprint that was ever stored: the words and frames by which similar failures are found,
-- so that no question reads failures for them (docs/decisions/0016-similar.md). No counts: they would
-- not be exact under resends.
CREATE TABLE IF NOT EXISTS failure_templates
(
    fingerprint     String,
    agent_id        SimpleAggregateFunction(any, LowCardinality(String)),
    node_id         SimpleAggregateFunction(any, LowCardinality(String)),
    error_type      SimpleAggregateFunction(any, LowCardinality(String)),
    template        SimpleAggregateFunction(any, String) CODEC(ZSTD(3)),
    words           SimpleAggregateFunction(any, Array(String)) CODEC(ZSTD(3)),
    frames          SimpleAggregateFunction(max, Array(String)) CODEC(ZSTD(3)),
    first_seen      SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    last_seen       SimpleAggregateFunction(max, DateTime64(9, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY fingerprint
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
