"""An agent whose runs, attempts and failures are spans that Faultline understands."""

import hashlib
import json
import traceback
import uuid
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

# Failures must not be left to a sampler. The exporter reads OTEL_EXPORTER_OTLP_ENDPOINT.
provider = TracerProvider(
    sampler=ALWAYS_ON, resource=Resource.create({"service.name": "invoice-executor"})
)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("invoice-executor")

GRAPH = {
    "id": "invoices",
    "nodes": [{"id": "fetch", "type": "tool"}, {"id": "total", "type": "code"}],
    "edges": [{"source": "fetch", "target": "total"}],
}
# Canonical JSON: keys sorted, no space. Its SHA-256 is the version of the graph.
BODY = json.dumps(GRAPH, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
REF = "sha256:" + hashlib.sha256(BODY.encode()).hexdigest()


class Run:
    """One run of the graph."""

    def __init__(self, agent_id, session_id):
        self.shared = {
            "gen_ai.agent.id": agent_id,
            "gen_ai.conversation.id": session_id,
            "graph.id": GRAPH["id"],
            "graph.run.id": str(uuid.uuid4()),
            "graph.snapshot.ref": REF,
        }

    def __enter__(self):
        self.span = tracer.start_span(f"execute_graph {GRAPH['id']}", attributes=self.shared)
        self.context = trace.set_span_in_context(self.span)
        # Ends at once, so that a run that hangs or is killed is still known.
        start = tracer.start_span(
            f"start_graph {GRAPH['id']}", context=self.context, attributes=self.shared
        )
        start.add_event(
            "graph.snapshot", {"graph.snapshot.ref": REF, "graph.snapshot.body": BODY}
        )
        start.end()
        return self

    def __exit__(self, _type, error, _traceback):
        self.span.set_attribute("graph.run.outcome", "failure" if error else "success")
        if error:
            self.span.set_status(Status(StatusCode.ERROR, str(error)))
            # The node's span has reported the failure; the run only names it.
            root = getattr(error, "failed_span", None)
            if root:
                self.span.set_attribute("failure.root.span_id", f"{root.span_id:016x}")
        self.span.end()

    @contextmanager
    def attempt(self, node_id, given, attempt=1, max_attempts=1, previous=None):
        """One attempt of one node: what is raised inside is its failure."""
        span = tracer.start_span(
            f"execute_node {node_id}",
            context=self.context,
            kind=SpanKind.INTERNAL,
            links=[Link(previous)] if previous else None,
            attributes={
                **self.shared,
                "graph.node.id": node_id,
                "graph.node.attempt": attempt,
                "graph.node.max_attempts": max_attempts,
            },
        )
        try:
            yield span
        except Exception as error:
            text = json.dumps(given, sort_keys=True, separators=(",", ":"))
            span.set_status(Status(StatusCode.ERROR, str(error)))
            span.set_attributes(
                {
                    "error.type": type(error).__name__,
                    "exception.type": type(error).__name__,
                    "exception.message": str(error),
                    "exception.stacktrace": traceback.format_exc(),
                    "failure.site": "node.raise",
                    "failure.input": text[:16384],
                    "failure.input.digest": hashlib.sha256(text.encode()).hexdigest(),
                    "failure.disposition": "retried" if attempt < max_attempts else "terminal",
                }
            )
            error.failed_span = span.get_span_context()
            raise
        finally:
            span.end()


def fetch(invoice):
    raise ConnectionError(f"the rates service refused invoice {invoice['number']}")


def main():
    invoice = {"number": 17, "currency": "CHF"}
    with Run("invoice-agent", "session-1") as run:
        with run.attempt("total", invoice):
            pass
        previous = None
        for attempt in (1, 2):
            try:
                with run.attempt("fetch", invoice, attempt, 2, previous):
                    fetch(invoice)
            except ConnectionError as error:
                if attempt == 2:
                    raise
                previous = error.failed_span


if __name__ == "__main__":
    try:
        main()
    except ConnectionError as error:
        print(error)
    finally:
        # Sends what waits: without it the last failures are lost.
        provider.shutdown()
