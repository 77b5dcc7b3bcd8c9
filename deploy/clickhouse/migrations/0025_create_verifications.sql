-- One row per case that was run again before a change shipped. A result that is sent twice is the one of
-- the earlier time (docs/decisions/0048-verification.md).
CREATE TABLE IF NOT EXISTS verifications
(
    timestamp          DateTime64(9, 'UTC'),
    verification_id    UUID,
    batch_id           UUID,
    agent_id           LowCardinality(String),
    evolution_id       String,
    graph_snapshot_ref LowCardinality(String),
    fingerprint        String,
    node_id            LowCardinality(String),
    kind               LowCardinality(String),
    input_digest       String,
    failure_id         String,
    result             LowCardinality(String),
    basis              LowCardinality(String),
    runs               UInt32,
    failed_runs        UInt32,
    reason             String CODEC(ZSTD(3)),
    error_type         LowCardinality(String),
    error_message      String CODEC(ZSTD(3)),
    error_fingerprint  String,
    earliness          UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Nano(timestamp)))
)
ENGINE = ReplacingMergeTree(earliness)
ORDER BY (agent_id, verification_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
