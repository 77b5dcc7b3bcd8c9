-- As 0020, for runs: `told_at` is their revision.
ALTER TABLE graph_runs
    ADD COLUMN IF NOT EXISTS is_deleted UInt8 DEFAULT 0 CODEC(T64, ZSTD(1))
