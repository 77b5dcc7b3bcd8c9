-- One row per log record that tells an exception of a span, kept until its span has come: the two are
-- joined by trace and span id, in any order (docs/decisions/0009-linking.md).
CREATE TABLE IF NOT EXISTS exception_records
(
    timestamp           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    record_id           UUID,
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    agent_id            LowCardinality(String),
    agent_name          LowCardinality(String),
    session_id          String CODEC(ZSTD(1)),
    run_id              String CODEC(ZSTD(1)),
    graph_id            LowCardinality(String),
    graph_snapshot_ref  LowCardinality(String),
    node_id             LowCardinality(String),
    event_name          LowCardinality(String),
    severity_number     UInt8,
    is_marked           Bool,
    error_type          LowCardinality(String),
    error_message       String CODEC(ZSTD(3)),
    stack_trace         String CODEC(ZSTD(3)),
    redactions          Map(LowCardinality(String), UInt32),
    truncated           Array(LowCardinality(String)),
    attributes          Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(timestamp)
ORDER BY (trace_id, span_id, timestamp, record_id)
TTL toDateTime(received_at) + toIntervalDay(7)
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
