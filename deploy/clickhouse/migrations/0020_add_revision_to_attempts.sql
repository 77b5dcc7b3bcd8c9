-- An attempt of somebody else's trace may be counted before its run is known, and then has to be taken
-- back under its old key (docs/decisions/0034-anybodys-traces.md). The next file gives the columns their
-- meaning.
ALTER TABLE node_attempts
    ADD COLUMN IF NOT EXISTS revision UInt32 DEFAULT 1 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS is_deleted UInt8 DEFAULT 0 CODEC(T64, ZSTD(1))
