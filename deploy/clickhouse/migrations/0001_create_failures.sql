-- One row per failure. The reasons for keys, partitions and engine: docs/decisions/0003-tables.md; what
-- a row's later revisions are: docs/decisions/0009-linking.md; what the hashes and the granularity are
-- for: docs/decisions/0024-speed-of-questions.md
CREATE TABLE IF NOT EXISTS failures
(
    timestamp           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    failure_id          UUID,
    level               LowCardinality(String),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    parent_span_id      String CODEC(ZSTD(1)),
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    agent_id            LowCardinality(String),
    agent_name          LowCardinality(String),
    session_id          String CODEC(ZSTD(1)),
    run_id              String CODEC(ZSTD(1)),
    graph_id            LowCardinality(String),
    graph_snapshot_ref  LowCardinality(String),
    node_id             LowCardinality(String),
    node_name           LowCardinality(String),
    node_type           LowCardinality(String),
    attempt             UInt32 CODEC(T64, ZSTD(1)),
    max_attempts        UInt32 CODEC(T64, ZSTD(1)),
    visit               UInt32 CODEC(T64, ZSTD(1)),
    site                LowCardinality(String),
    class               LowCardinality(String),
    severity            LowCardinality(String),
    disposition         LowCardinality(String),
    condition           LowCardinality(String),
    error_type          LowCardinality(String),
    error_message       String CODEC(ZSTD(6)),
    stack_trace         String CODEC(ZSTD(6)),
    template            String CODEC(ZSTD(3)),
    fingerprint         LowCardinality(String),
    input_context       String CODEC(ZSTD(6)),
    input_digest        String CODEC(ZSTD(1)),
    graph_state         String CODEC(ZSTD(3)),
    evidence            String CODEC(ZSTD(3)),
    duration_ns         UInt64 CODEC(T64, ZSTD(1)),
    redactions          Map(LowCardinality(String), UInt32),
    truncated           Array(LowCardinality(String)),
    attributes          Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    ancestor_span_ids   Array(String) CODEC(ZSTD(1)),
    revision            UInt32 CODEC(T64, ZSTD(1)),
    is_deleted          UInt8 CODEC(T64, ZSTD(1)),
    run_hash            UInt64 MATERIALIZED sipHash64(run_id),
    input_hash          UInt64 MATERIALIZED if(input_digest = '', 0, sipHash64(input_digest)),

    INDEX failure_id_bloom failure_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX run_id_bloom run_id TYPE bloom_filter(0.001) GRANULARITY 4,
    INDEX fingerprint_bloom fingerprint TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision, is_deleted)
PARTITION BY toMonday(timestamp)
ORDER BY (agent_id, toStartOfDay(timestamp), fingerprint, timestamp, failure_id)
TTL toDateTime(timestamp) + toIntervalDay(90)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
