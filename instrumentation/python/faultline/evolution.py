"""Reports a change of an agent's graph."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, Tracer

from faultline.core.snapshot import add_snapshot_event, snapshot_of
from faultline.delivery.pipeline import default_tracer
from faultline.redaction import redact
from faultline.redaction.canonical import cut_to_bytes, valid_text
from faultline.semconv import (
    ATTR_EVOLUTION_AUTHOR,
    ATTR_EVOLUTION_FROM_REF,
    ATTR_EVOLUTION_ID,
    ATTR_EVOLUTION_RATIONALE,
    ATTR_EVOLUTION_RESOLUTION,
    ATTR_EVOLUTION_STATUS,
    ATTR_EVOLUTION_STRATEGY,
    ATTR_EVOLUTION_TARGET_FAILURES,
    ATTR_EVOLUTION_TARGET_FINGERPRINTS,
    ATTR_EVOLUTION_TRIGGER,
    ATTR_GEN_AI_AGENT_ID,
    ATTR_GEN_AI_AGENT_NAME,
    ATTR_GRAPH_SNAPSHOT_REF,
    EVOLUTION_STATUS_VALUES,
    EVOLUTION_TRIGGER_VALUES,
    MAX_BYTES,
    SPAN_EVOLVE_GRAPH,
)


def record_evolution(
    *,
    agent_id: str,
    resolution: str,
    id: str | None = None,
    agent_name: str | None = None,
    trigger: str = "failure",
    status: str = "applied",
    strategy: str | None = None,
    rationale: str | None = None,
    author: str | None = None,
    from_ref: str | None = None,
    to_ref: str | None = None,
    graph: Any = None,
    target_fingerprints: Iterable[str] = (),
    target_failures: Iterable[str] = (),
    failed_spans: Iterable[tuple[str, str]] = (),
    tracer: Tracer | None = None,
) -> str:
    """Emits the `evolve_graph` span of a change and returns the evolution's id.

    `resolution` is the fix in words; `graph` the new graph as any JSON, whose body is sent along; `failed_spans` are
    pairs of trace and span id in hex. Sent again with the same `id` it updates the same evolution. Raises ValueError if
    a field is wrong; the message names it.
    """
    for name, value in (("agent_id", agent_id), ("resolution", resolution)):
        if not isinstance(value, str) or value == "":
            raise ValueError(f"record_evolution: {name} must be a text that is not empty, got {type(value).__name__}")
    for name, value, allowed in (
        ("trigger", trigger, EVOLUTION_TRIGGER_VALUES),
        ("status", status, EVOLUTION_STATUS_VALUES),
    ):
        if value not in allowed:
            raise ValueError(f"record_evolution: {name} must be one of {', '.join(allowed)}, got {value!r}")
    evolution_id = id or str(uuid.uuid4())
    snapshot = None if graph is None else snapshot_of(graph)
    attributes = {
        ATTR_GEN_AI_AGENT_ID: agent_id,
        ATTR_GEN_AI_AGENT_NAME: agent_name,
        ATTR_EVOLUTION_ID: evolution_id,
        ATTR_EVOLUTION_TRIGGER: trigger,
        ATTR_EVOLUTION_STATUS: status,
        ATTR_EVOLUTION_RESOLUTION: _words(resolution, ATTR_EVOLUTION_RESOLUTION),
        ATTR_EVOLUTION_STRATEGY: strategy,
        ATTR_EVOLUTION_RATIONALE: rationale and _words(rationale, ATTR_EVOLUTION_RATIONALE),
        ATTR_EVOLUTION_AUTHOR: author,
        ATTR_EVOLUTION_FROM_REF: from_ref,
        ATTR_GRAPH_SNAPSHOT_REF: to_ref or (snapshot.ref if snapshot else None),
        ATTR_EVOLUTION_TARGET_FINGERPRINTS: list(target_fingerprints),
        ATTR_EVOLUTION_TARGET_FAILURES: list(target_failures),
    }
    span = (tracer or default_tracer()).start_span(
        f"{SPAN_EVOLVE_GRAPH} {agent_id}",
        Context(),
        SpanKind.INTERNAL,
        {name: value for name, value in attributes.items() if value},
        [_link(trace_id, span_id) for trace_id, span_id in failed_spans],
    )
    if snapshot:
        add_snapshot_event(span, snapshot)
    span.end()
    return evolution_id


def _words(text: str, name: str) -> str:
    value, _ = redact(valid_text(text))
    return cut_to_bytes(str(value), MAX_BYTES[name])


def _link(trace_id: str, span_id: str) -> Link:
    return Link(SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(TraceFlags.SAMPLED)))
