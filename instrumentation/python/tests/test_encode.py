"""Our encoder writes what OpenTelemetry's writes."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, Status, StatusCode

from faultline.delivery.encode import Encoder

OTHER = trace.SpanContext(0x1234, 0x5678, True, trace.TraceFlags(1))


def spans():
    provider = TracerProvider(resource=Resource({"service.name": "größe", "n": 3}))
    tracer = provider.get_tracer("faultline", "1.2")
    parent = trace.set_span_in_context(trace.NonRecordingSpan(OTHER))
    plain = tracer.start_span("plain")
    plain.end()
    full = tracer.start_span(
        "full",
        parent,
        attributes={"text": "ä🙂", "n": 2**40, "f": 1.5, "b": True, "list": ["a", "b"]},
        links=[Link(OTHER)],
    )
    full.add_event("exception", {"exception.type": "ValueError", "long": "x" * 100_000})
    full.set_status(Status(StatusCode.ERROR, "no total"))
    full.end()
    fine = tracer.start_span("fine", parent)
    fine.set_status(Status(StatusCode.OK))
    fine.end()
    return [plain, full, fine]


def flat(request):
    return [
        (resource.resource, scope.scope, span)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_one_by_one_and_together():
    ended, encoder = spans(), Encoder()
    theirs = flat(encode_spans(ended))
    together = flat(ExportTraceServiceRequest.FromString(encoder(ended)))
    one_by_one = flat(ExportTraceServiceRequest.FromString(b"".join(encoder([span]) for span in ended)))
    assert together == theirs
    assert one_by_one == theirs
