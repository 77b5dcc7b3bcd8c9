-- Who does what only one of several processes may do (docs/decisions/0057-leases.md). One row per claim of a
-- process; it renews the claim by a higher revision.
CREATE TABLE IF NOT EXISTS leases
(
    name       LowCardinality(String),
    holder     String,
    claimed_at DateTime64(9, 'UTC'),
    is_held    Bool,
    updated_at DateTime64(9, 'UTC'),
    revision   UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (name, holder)
TTL toDateTime(updated_at) + toIntervalDay(1)
