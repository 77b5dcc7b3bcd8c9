"""Which spans must not be lost, and which cannot wait."""

from __future__ import annotations

from typing import NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from faultline.delivery.segment import Segment
from faultline.semconv import SPAN_EXECUTE_NODE, SPAN_START_GRAPH


class Kept(NamedTuple):
    """A span that must not be lost, as a whole request."""

    payload: bytes
    segment: Segment | None


def must_keep(span: ReadableSpan) -> bool:
    """All but good attempts: those are many, and without the last of them only a share is off by a little. The
    first one of a graph carries it and is kept."""
    if span.status.status_code is StatusCode.ERROR or span.events:
        return True
    return not span.name.startswith(SPAN_EXECUTE_NODE)


def is_urgent(span: ReadableSpan) -> bool:
    """A run that starts may hang, and a failure may be the last thing that the process does."""
    return span.status.status_code is StatusCode.ERROR or span.name.startswith(SPAN_START_GRAPH)


def as_ended(span: ReadableSpan, end_time: int) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
