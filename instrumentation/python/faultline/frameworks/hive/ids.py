"""Ids made of Hive's own, so that this package and `faultline hive watch` name a fact alike (decision 46)."""

from __future__ import annotations

import hashlib

from faultline.core.run import RunIds


def run_key(execution_id: str, resumed_at: str | None = None) -> str:
    """The execution id; of a session that is resumed `<execution id>@<start>`."""
    return f"{execution_id}@{resumed_at}" if resumed_at else execution_id


def ids_of(key: str) -> RunIds:
    """The trace id of a run, and what makes the ids of its spans."""
    return RunIds(
        _digits(f"faultline hive trace\n{key}", 32),
        lambda span: _digits(f"faultline hive span\n{key}\n{span}", 16),
    )


def _digits(text: str, count: int) -> int:
    return int(hashlib.sha256(text.encode("utf-8")).hexdigest()[:count], 16)
