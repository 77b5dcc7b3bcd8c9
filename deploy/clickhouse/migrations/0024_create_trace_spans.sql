-- What is known of the spans of other people's instrumentations: one row for each that stands for a part
-- of an agent, and for each that failed. Runs, attempts and failures of such a trace are made of these
-- rows, together and again whenever one comes (docs/decisions/0034-anybodys-traces.md). A trace is looked
-- up by its id alone, so the marks are close together.
CREATE TABLE IF NOT EXISTS trace_spans
(
    timestamp           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    parent_span_id      String CODEC(ZSTD(1)),
    ancestor_span_ids   Array(String) CODEC(ZSTD(1)),
    is_top              UInt8 CODEC(T64, ZSTD(1)),
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    dialect             LowCardinality(String),
    part                LowCardinality(String),
    name                LowCardinality(String),
    state               LowCardinality(String),
    duration_ns         UInt64 CODEC(T64, ZSTD(1)),
    agent_id            LowCardinality(String),
    agent_name          LowCardinality(String),
    session_id          String CODEC(ZSTD(1)),
    run_id              String CODEC(ZSTD(1)),
    graph_id            LowCardinality(String),
    graph_snapshot_ref  LowCardinality(String),
    node_id             LowCardinality(String),
    node_name           LowCardinality(String),
    node_type           LowCardinality(String),
    visit_key           String CODEC(ZSTD(1)),
    attempt             UInt32 CODEC(T64, ZSTD(1)),
    max_attempts        UInt32 CODEC(T64, ZSTD(1)),
    is_status_silent    UInt8 CODEC(T64, ZSTD(1)),
    outcome             LowCardinality(String),
    input_context       String CODEC(ZSTD(3)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    linked              String CODEC(ZSTD(3)),
    revision            UInt32 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toMonday(timestamp)
ORDER BY (trace_id, span_id, timestamp)
TTL toDateTime(timestamp) + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1, index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
