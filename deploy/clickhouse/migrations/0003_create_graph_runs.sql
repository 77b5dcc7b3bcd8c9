-- One row per run. The start signal and the run's own span both write it; the later fact wins, in
-- whatever order they arrive: a run that only started has outcome '' and ended_at of 1970.
CREATE TABLE IF NOT EXISTS graph_runs
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

    INDEX started_at_minmax started_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(told_at)
ORDER BY (agent_id, run_id)
TTL toDateTime(started_at) + toIntervalDay(90)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
