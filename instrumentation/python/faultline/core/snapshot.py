"""Graph snapshots: canonical JSON addressed by its hash, and the rule when a body is sent again."""

from __future__ import annotations

import hashlib
import time
import weakref
from typing import Any, NamedTuple

from opentelemetry.trace import Span, Tracer

from faultline.core.guard import say_once
from faultline.redaction.json_text import canonical_json
from faultline.semconv import (
    ATTR_GRAPH_SNAPSHOT_BODY,
    ATTR_GRAPH_SNAPSHOT_REF,
    EVENT_GRAPH_SNAPSHOT,
    MAX_BYTES,
)

# How long a sent body counts as known to the collector, in seconds.
RESEND_AFTER_S = 600


class Snapshot(NamedTuple):
    """A version of a graph."""

    # `sha256:` and 64 hex digits over `body` as UTF-8.
    ref: str
    # Canonical JSON.
    body: str


def snapshot_of(graph: Any) -> Snapshot:
    """The snapshot of a graph that is given as any JSON-like value. Never raises."""
    body = canonical_json(graph)
    return Snapshot(f"sha256:{hashlib.sha256(body.encode('utf-8')).hexdigest()}", body)


class SnapshotAnnouncer:
    """Sends the body of a snapshot with the first span that uses its ref and again every ten minutes of use, so
    that one lost batch loses no graph."""

    def __init__(self) -> None:
        self._sent: weakref.WeakKeyDictionary[Tracer, dict[str, float]] = weakref.WeakKeyDictionary()

    def announce(self, tracer: Tracer, span: Span, snapshot: Snapshot) -> None:
        """Adds the `graph.snapshot` event to `span` if it is due for this tracer."""
        now = time.monotonic()
        sent = self._sent.setdefault(tracer, {})
        last = sent.get(snapshot.ref)
        if last is not None and now - last < RESEND_AFTER_S:
            return
        if len(sent) > 10_000:
            sent.clear()
        sent[snapshot.ref] = now
        add_snapshot_event(span, snapshot)


def add_snapshot_event(span: Span, snapshot: Snapshot) -> None:
    """Adds the `graph.snapshot` event; a body over 256 KiB is left out with one warning."""
    size = len(snapshot.body.encode("utf-8"))
    limit = MAX_BYTES["graph.snapshot.body"]
    if size > limit:
        say_once(
            f"snapshot {snapshot.ref}",
            f"the graph {snapshot.ref} takes {size} bytes as JSON; at most {limit} are sent, so its failures "
            "carry only this address",
        )
        return
    span.add_event(
        EVENT_GRAPH_SNAPSHOT,
        {ATTR_GRAPH_SNAPSHOT_REF: snapshot.ref, ATTR_GRAPH_SNAPSHOT_BODY: snapshot.body},
    )
