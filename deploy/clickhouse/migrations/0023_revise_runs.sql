-- As 0021, for runs.
CREATE OR REPLACE TABLE graph_runs
(
    agent_id            LowCardinality(String),
    run_id              String CODEC(ZSTD(1)),
    agent_name          LowCardinality(String),
    session_id          String CODEC(ZSTD(1)),
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    graph_id            LowCardinality(String),
    graph_snapshot_ref  LowCardinality(String),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    started_at          DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    ended_at            DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    outcome             LowCardinality(String),
    told_at             DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    root_span_id        String CODEC(ZSTD(1)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    is_deleted          UInt8 DEFAULT 0 CODEC(T64, ZSTD(1)),

    INDEX started_at_minmax started_at TYPE minmax GRANULARITY 1,
    INDEX outcome_set outcome TYPE set(16) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(told_at, is_deleted)
ORDER BY (agent_id, run_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
AS SELECT
    agent_id, run_id, agent_name, session_id, service_name, environment, graph_id, graph_snapshot_ref,
    trace_id, span_id, started_at, ended_at, outcome, told_at, root_span_id, received_at, is_deleted
FROM graph_runs
