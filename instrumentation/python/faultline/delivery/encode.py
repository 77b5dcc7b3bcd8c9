"""Ended spans as OTLP requests in protobuf.

OpenTelemetry's own encoder builds resource and scope again for every call, which is most of what one span costs. Here
they are encoded once and put around the spans; a test compares both for any span.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import ReadableSpan

# Keys of the fields of messages, all length-delimited.
_RESOURCE_SPANS = b"\x0a"
_RESOURCE = b"\x0a"
_SCOPE_SPANS = b"\x12"
_SCOPE = b"\x0a"
_SPAN = b"\x12"
_ATTRIBUTE_OF_RESOURCE, _ATTRIBUTE_OF_SPAN = b"\x0a", b"\x4a"
_EVENT, _LINK = b"\x5a", b"\x6a"
_ATTRIBUTE_OF_EVENT, _ATTRIBUTE_OF_LINK = b"\x1a", b"\x22"
# Of an attribute, and of its value.
_KEY, _VALUE, _STRING = b"\x0a", b"\x12", b"\x0a"
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
            encoded = _span(span)
            scope_spans = b"".join((self._scope_head, _SPAN, _varint(len(encoded)), encoded))
            body = b"".join((self._head, _SCOPE_SPANS, _varint(len(scope_spans)), scope_spans))
            parts += (_RESOURCE_SPANS, _varint(len(body)), body)
        return b"".join(parts)

    def _remember(self, span: ReadableSpan) -> None:
        self._resource, self._scope = span.resource, span.instrumentation_scope
        resource = _attributes(_ATTRIBUTE_OF_RESOURCE, span.resource.attributes)
        self._head = _RESOURCE + _varint(len(resource)) + resource
        scope = span.instrumentation_scope
        encoded = InstrumentationScope(
            name=scope.name if scope else "", version=(scope.version or "") if scope else ""
        ).SerializeToString()
        self._scope_head = _SCOPE + _varint(len(encoded)) + encoded


def _span(span: ReadableSpan) -> bytes:
    """A message is its fields one after the other, so attributes, events and links may follow the rest."""
    context = span.get_span_context()
    parent = span.parent
    flags = _HAS_IS_REMOTE | (_IS_REMOTE if parent and parent.is_remote else 0)
    rest = Span(
        trace_id=context.trace_id.to_bytes(16, "big"),
        span_id=context.span_id.to_bytes(8, "big"),
        parent_span_id=parent.span_id.to_bytes(8, "big") if parent else b"",
        name=span.name,
        kind=1,
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time or 0,
        flags=flags,
        status=Status(code=span.status.status_code.value, message=span.status.description or ""),
    )
    parts = [rest.SerializeToString(), _attributes(_ATTRIBUTE_OF_SPAN, span.attributes)]
    for event in span.events:
        head = Span.Event(name=event.name, time_unix_nano=event.timestamp).SerializeToString()
        parts.append(_field(_EVENT, head + _attributes(_ATTRIBUTE_OF_EVENT, event.attributes)))
    for link in span.links:
        head = Span.Link(
            trace_id=link.context.trace_id.to_bytes(16, "big"),
            span_id=link.context.span_id.to_bytes(8, "big"),
            flags=_HAS_IS_REMOTE | (_IS_REMOTE if link.context.is_remote else 0),
        ).SerializeToString()
        parts.append(_field(_LINK, head + _attributes(_ATTRIBUTE_OF_LINK, link.attributes)))
    return b"".join(parts)


def _attributes(tag: bytes, attributes: Mapping[str, Any] | None) -> bytes:
    parts: list[bytes] = []
    for key, value in (attributes or {}).items():
        if type(value) is str:
            text = value.encode("utf-8")
            encoded = _STRING + _varint(len(text)) + text
        else:
            encoded = _value(value).SerializeToString()
        name = _names.get(key) or _name(key)
        parts += (tag, _varint(len(name) + 1 + len(_varint(len(encoded))) + len(encoded)), name)
        parts += (_VALUE, _varint(len(encoded)), encoded)
    return b"".join(parts)


_MAX_NAMES = 1024
_names: dict[str, bytes] = {}


def _name(key: str) -> bytes:
    if len(_names) >= _MAX_NAMES:
        _names.clear()
    encoded = _names[key] = _field(_KEY, key.encode("utf-8"))
    return encoded


def _field(tag: bytes, content: bytes) -> bytes:
    return b"".join((tag, _varint(len(content)), content))


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


_SMALL = [bytes((number,)) for number in range(128)]


def _varint(number: int) -> bytes:
    if number < 128:
        return _SMALL[number]
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
