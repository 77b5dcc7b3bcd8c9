-- One row per change of a group: resolve, ignore, reopen, merge, split, annotate, note. An event that is
-- told twice is the one of the earlier time, whatever the later one says
-- (docs/decisions/0013-groups.md).
CREATE TABLE IF NOT EXISTS group_events
(
    timestamp         DateTime64(9, 'UTC'),
    event_id          UUID,
    agent_id          LowCardinality(String),
    fingerprint       String,
    kind              LowCardinality(String),
    other_fingerprint String,
    value             String CODEC(ZSTD(3)),
    author            LowCardinality(String),
    reason            String CODEC(ZSTD(3)),
    evolution_id      String,
    earliness         UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Nano(timestamp)))
)
ENGINE = ReplacingMergeTree(earliness)
ORDER BY (agent_id, event_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
