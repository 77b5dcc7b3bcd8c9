"""A receiver of OTLP/HTTP that keeps what it gets."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Span:
    """A span as it arrived, with its attributes as Python values."""

    def __init__(self, span: Any, resource: dict[str, Any]) -> None:
        self.name: str = span.name
        self.trace_id: str = span.trace_id.hex()
        self.span_id: str = span.span_id.hex()
        self.parent: str = span.parent_span_id.hex()
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.failed: bool = span.status.code == 2
        self.message: str = span.status.message
        self.attributes = attributes_of(span.attributes)
        self.events = [(event.name, attributes_of(event.attributes)) for event in span.events]
        self.links = [link.span_id.hex() for link in span.links]
        self.resource = resource

    def __getitem__(self, name: str) -> Any:
        return self.attributes[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)


def value_of(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None


def attributes_of(pairs: Any) -> dict[str, Any]:
    return {pair.key: value_of(pair.value) for pair in pairs}


class Service:
    """A query service that has one answer to every question; `asked` holds the paths."""

    def __init__(self, answer: Any) -> None:
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                service.asked.append(self.path)
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Receiver:
    """Answers 200 to everything, or with `status` what it says."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.requests = 0
        self.bodies: list[bytes] = []
        self.status = 200
        self.refuse: Any = None
        self.headers: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.requests += 1
                receiver.headers.append(dict(self.headers))
                request = ExportTraceServiceRequest.FromString(body)
                status = receiver.status
                if status == 200 and receiver.refuse and receiver.refuse(request):
                    status = 400
                if status == 200:
                    receiver.bodies.append(body)
                    receiver.take(request)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            attributes = attributes_of(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [Span(span, attributes) for span in scope.spans]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, start: str) -> list[Span]:
        """Spans whose name begins so, in the order of their starts."""
        return sorted((span for span in self.spans if span.name.startswith(start)), key=lambda span: span.start)

    @property
    def nodes(self) -> list[Span]:
        return self.named("execute_node ")

    @property
    def run(self) -> Span:
        (run,) = self.named("execute_graph ")
        return run

    @property
    def failures(self) -> list[Span]:
        """Spans that report a failure of their own."""
        return sorted(
            (span for span in self.spans if span.failed and "failure.root.span_id" not in span.attributes),
            key=lambda span: span.start,
        )
