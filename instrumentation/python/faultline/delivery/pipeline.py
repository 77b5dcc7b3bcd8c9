"""A way to the collector that no sampler of the app can close."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from faultline.core.guard import say_once
from faultline.delivery.ending import flush_at_end
from faultline.delivery.environment import endpoint_of, exports_through_app, is_disabled, replay_of, spool_max_bytes
from faultline.delivery.queue import SpanQueue
from faultline.delivery.spool import Spool, spool_folder
from faultline.semconv import ATTR_FAULTLINE_REPLAY

# Name of the instrumentation scope of every span.
SCOPE_NAME = "faultline"

_lock = threading.Lock()
_default: Pipeline | None = None
_is_off = False


class _ChosenIds(RandomIdGenerator):
    """Ids by chance, or those that were chosen for the next span of the thread."""

    def __init__(self) -> None:
        self.next = threading.local()

    def generate_trace_id(self) -> int:
        return getattr(self.next, "trace_id", None) or super().generate_trace_id()

    def generate_span_id(self) -> int:
        return getattr(self.next, "span_id", None) or super().generate_span_id()


_ids = _ChosenIds()


@contextmanager
def chosen_ids(trace_id: int, span_id: int) -> Iterator[None]:
    """The span that is started inside gets these ids, if it is one of our own pipeline's; a span with a parent keeps
    its parent's trace."""
    _ids.next.trace_id, _ids.next.span_id = trace_id, span_id
    try:
        yield
    finally:
        _ids.next.trace_id = _ids.next.span_id = None


class Pipeline:
    """A tracer of its own: it samples everything, sends OTLP/HTTP protobuf, and belongs to no provider of the
    app."""

    def __init__(self, endpoint: str | None = None, *, service_name: str | None = None, spool: bool = True) -> None:
        """`endpoint` is the base address of the collector, `/v1/traces` is added; without it the environment names
        it. Raises ValueError if that is no http(s) address."""
        target = endpoint_of(endpoint)
        replay = replay_of()
        resource = Resource.create(
            {
                **({"service.name": service_name} if service_name else {}),
                **({ATTR_FAULTLINE_REPLAY: replay} if replay else {}),
            }
        )
        service = str(resource.attributes.get("service.name", ""))
        # What a replay could not send is of no use to anybody later.
        folder = spool_folder(service, target.address) if spool and not replay else None
        self.queue = SpanQueue(target, Spool(folder, spool_max_bytes()) if folder else None)
        # Limits that the environment sets are for the app's own spans.
        limits = SpanLimits(
            max_span_attributes=SpanLimits.UNSET,
            max_event_attributes=SpanLimits.UNSET,
            max_link_attributes=SpanLimits.UNSET,
            max_attributes=SpanLimits.UNSET,
            max_events=SpanLimits.UNSET,
            max_links=SpanLimits.UNSET,
            max_span_attribute_length=SpanLimits.UNSET,
            max_attribute_length=SpanLimits.UNSET,
        )
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=resource,
            shutdown_on_exit=False,
            span_limits=limits,
            id_generator=_ids,
        )
        self._provider.add_span_processor(self.queue)
        self.tracer = self._provider.get_tracer(SCOPE_NAME)
        flush_at_end(self.queue)

    def flush(self, timeout: float = 30.0) -> None:
        """Returns when the collector has taken every ended span. Raises TimeoutError, or SendError if it cannot be
        reached or refuses."""
        self.queue.flush(timeout)


def default_tracer() -> trace.Tracer:
    """The tracer of the process's own pipeline; one that does nothing if everything is turned off. Never raises."""
    if _default is not None:
        return _default.tracer
    return _make_default()


def _make_default() -> trace.Tracer:
    global _default, _is_off
    if exports_through_app():
        return trace.get_tracer(SCOPE_NAME)
    with _lock:
        if _default is None and not _is_off:
            if is_disabled():
                _is_off = True
            else:
                try:
                    _default = Pipeline()
                except Exception as error:
                    _is_off = True
                    say_once("pipeline", f"records nothing: {error}")
    return trace.NoOpTracer() if _default is None else _default.tracer


def flush(timeout: float = 30.0) -> None:
    """Returns when the collector has taken every span that has ended. Call it before a serverless handler
    returns. Raises TimeoutError, or SendError if the collector cannot be reached or refuses."""
    if _default is not None:
        _default.flush(timeout)


def set_default(pipeline: Pipeline | None) -> None:
    """Makes this the pipeline of the process."""
    global _default, _is_off
    with _lock:
        _default = pipeline
        _is_off = False


def keep_provisionally(span: trace.Span, end_time: int) -> Callable[[], None]:
    """Writes a failed span that still waits for news to the spool, as if it had ended; what it returns takes it
    back. Does nothing without a pipeline of our own."""
    if _default is None or not isinstance(span, ReadableSpan):
        return _nothing
    return _default.queue.keep_provisionally(span, end_time)


def _nothing() -> None:
    pass
