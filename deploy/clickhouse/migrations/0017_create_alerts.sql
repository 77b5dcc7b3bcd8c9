-- One row per alert and receiver: what is to be sent, and what was (docs/decisions/0023-alerts.md). A row
-- with the status 'began' tells when a rule was first in use.
CREATE TABLE IF NOT EXISTS alerts
(
    timestamp   DateTime64(9, 'UTC'),
    alert_id    String,
    receiver    LowCardinality(String),
    rule        LowCardinality(String),
    change      LowCardinality(String),
    agent_id    LowCardinality(String),
    fingerprint String,
    since       DateTime64(9, 'UTC'),
    episode     String,
    status      LowCardinality(String),
    tries       UInt32,
    last_error  String CODEC(ZSTD(3)),
    updated_at  DateTime64(9, 'UTC'),
    payload     String CODEC(ZSTD(3)),
    revision    UInt32
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (alert_id, receiver)
TTL toDateTime(timestamp) + toIntervalDay(400)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
