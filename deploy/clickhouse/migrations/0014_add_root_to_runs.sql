-- Which failure ended a run, when a run was heard of, and where runs are that have not ended
-- (docs/decisions/0015-cascade.md).
ALTER TABLE graph_runs
    ADD COLUMN IF NOT EXISTS root_span_id String CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    ADD INDEX IF NOT EXISTS outcome_set outcome TYPE set(16) GRANULARITY 1
