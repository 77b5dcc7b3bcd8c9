from recording import LedgerError, provider, record
provider("orders")
from haystack import Pipeline, component, tracing
from haystack_integrations.tracing.opentelemetry import OpenTelemetryTracer
from opentelemetry import trace

tracing.enable_tracing(OpenTelemetryTracer(trace.get_tracer("haystack")))


@component
class Fetch:
    @component.output_types(order=int)
    def run(self, order: int):
        return {"order": order}


@component
class Draft:
    def __init__(self, bad=False):
        self.bad = bad

    @component.output_types(text=str)
    def run(self, order: int):
        if self.bad:
            raise LedgerError("the ledger refused order 7")
        return {"text": "done"}


def run(bad):
    pipeline = Pipeline(metadata={"name": "order_pipeline"})
    pipeline.add_component("fetch", Fetch())
    pipeline.add_component("draft", Draft(bad))
    pipeline.connect("fetch.order", "draft.order")
    pipeline.run({"fetch": {"order": 7}})


def good():
    run(False)


def node_error():
    run(True)


record("haystack", ["haystack-ai", "opentelemetry-haystack"], [good, node_error])
