-- Which failure an attempt failed because of, when it tells none of its own
-- (docs/decisions/0008-a-consequence-names-its-root.md): empty for nearly all, so that it costs nothing.
ALTER TABLE node_attempts
    ADD COLUMN IF NOT EXISTS root_span_id String CODEC(ZSTD(1))
