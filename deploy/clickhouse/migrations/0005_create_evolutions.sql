-- One row per evolution; a later state (applied, reverted) replaces the earlier one.
CREATE TABLE IF NOT EXISTS evolutions
(
    timestamp           DateTime64(9, 'UTC'),
    evolution_id        String,
    agent_id            LowCardinality(String),
    agent_name          LowCardinality(String),
    trigger             LowCardinality(String),
    resolution          String CODEC(ZSTD(3)),
    strategy            LowCardinality(String),
    rationale           String CODEC(ZSTD(3)),
    status              LowCardinality(String),
    author              LowCardinality(String),
    from_ref            String,
    graph_snapshot_ref  String,
    target_fingerprints Array(String),
    target_failures     Array(UUID),
    trace_id            String,
    span_id             String,
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    received_at         DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(timestamp)
ORDER BY (agent_id, evolution_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
