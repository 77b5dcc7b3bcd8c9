"""Ended spans as OTLP requests in protobuf.

OpenTelemetry's own encoder builds resource and scope again for every call, which is most of what one span costs. Here
they are encoded once and put around the spans; a test compares both for any span.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import ReadableSpan

# Keys of the fields of messages, all length-delimited.
_RESOURCE_SPANS = b"\x0a"
_RESOURCE = b"\x0a"
_SCOPE_SPANS = b"\x12"
_SCOPE = b"\x0a"
_SPAN = b"\x12"
# Flags of a span or link: bit 8 says that it is known whether the parent is remote, bit 9 that it is.
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200


class Encoder:
    """Encodes spans of one resource and scope."""

    def __init__(self) -> None:
        self._resource: Any = None
        self._scope: Any = None
        self._head = b""
        self._scope_head = b""

    def __call__(self, spans: Iterable[ReadableSpan]) -> bytes:
        """The spans as a whole request. Requests written one after the other are one request."""
        parts: list[bytes] = []
        for span in spans:
            if span.resource is not self._resource or span.instrumentation_scope is not self._scope:
                self._remember(span)
            encoded = _span(span).SerializeToString()
            scope_spans = b"".join((self._scope_head, _SPAN, _varint(len(encoded)), encoded))
            body = b"".join((self._head, _SCOPE_SPANS, _varint(len(scope_spans)), scope_spans))
            parts += (_RESOURCE_SPANS, _varint(len(body)), body)
        return b"".join(parts)

    def _remember(self, span: ReadableSpan) -> None:
        self._resource, self._scope = span.resource, span.instrumentation_scope
        resource = Resource(attributes=_attributes(span.resource.attributes)).SerializeToString()
        self._head = _RESOURCE + _varint(len(resource)) + resource
        scope = span.instrumentation_scope
        encoded = InstrumentationScope(
            name=scope.name if scope else "", version=(scope.version or "") if scope else ""
        ).SerializeToString()
        self._scope_head = _SCOPE + _varint(len(encoded)) + encoded


def _span(span: ReadableSpan) -> Span:
    context = span.get_span_context()
    parent = span.parent
    flags = _HAS_IS_REMOTE | (_IS_REMOTE if parent and parent.is_remote else 0)
    encoded = Span(
        trace_id=context.trace_id.to_bytes(16, "big"),
        span_id=context.span_id.to_bytes(8, "big"),
        parent_span_id=parent.span_id.to_bytes(8, "big") if parent else b"",
        name=span.name,
        kind=1,
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time or 0,
        attributes=_attributes(span.attributes),
        flags=flags,
        status=Status(code=span.status.status_code.value, message=span.status.description or ""),
    )
    for event in span.events:
        encoded.events.add(name=event.name, time_unix_nano=event.timestamp, attributes=_attributes(event.attributes))
    for link in span.links:
        encoded.links.add(
            trace_id=link.context.trace_id.to_bytes(16, "big"),
            span_id=link.context.span_id.to_bytes(8, "big"),
            attributes=_attributes(link.attributes),
            flags=_HAS_IS_REMOTE | (_IS_REMOTE if link.context.is_remote else 0),
        )
    return encoded


def _attributes(attributes: Mapping[str, Any] | None) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in (attributes or {}).items()]


def _value(value: Any) -> AnyValue:
    kind = type(value)
    if kind is str:
        return AnyValue(string_value=value)
    if kind is bool:
        return AnyValue(bool_value=value)
    if kind is int:
        return AnyValue(int_value=value)
    if kind is float:
        return AnyValue(double_value=value)
    if kind is bytes:
        return AnyValue(bytes_value=value)
    if kind is tuple or kind is list:
        return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value if each is not None]))
    return AnyValue(string_value=str(value))


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
