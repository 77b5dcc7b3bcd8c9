-- One slim row per node attempt, good or bad: the denominators of every rate.
CREATE TABLE IF NOT EXISTS node_attempts
(
    timestamp           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    agent_id            LowCardinality(String),
    graph_snapshot_ref  LowCardinality(String),
    graph_id            LowCardinality(String),
    run_id              String CODEC(ZSTD(1)),
    node_id             LowCardinality(String),
    attempt             UInt32 CODEC(T64, ZSTD(1)),
    ok                  Bool,
    duration_ns         UInt64 CODEC(T64, ZSTD(1)),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    run_hash            UInt64 MATERIALIZED sipHash64(run_id),

    INDEX run_id_bloom run_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (agent_id, node_id, graph_snapshot_ref, timestamp, trace_id, span_id)
TTL toDateTime(timestamp) + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
