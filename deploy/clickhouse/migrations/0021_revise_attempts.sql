-- The same table, in which a later revision wins and a deleted row is gone. ClickHouse cannot change the
-- engine of a table that is there, so it is filled anew and takes the old one's place at once. The TTL is set
-- after all migrations, as each start does.
CREATE OR REPLACE TABLE node_attempts
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
    root_span_id        String CODEC(ZSTD(1)),
    revision            UInt32 DEFAULT 1 CODEC(T64, ZSTD(1)),
    is_deleted          UInt8 DEFAULT 0 CODEC(T64, ZSTD(1)),
    run_hash            UInt64 MATERIALIZED sipHash64(run_id),

    INDEX run_id_bloom run_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(revision, is_deleted)
PARTITION BY toMonday(timestamp)
ORDER BY (agent_id, node_id, graph_snapshot_ref, timestamp, trace_id, span_id)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
AS SELECT
    timestamp, agent_id, graph_snapshot_ref, graph_id, run_id, node_id, attempt, ok, duration_ns,
    trace_id, span_id, root_span_id, revision, is_deleted
FROM node_attempts
