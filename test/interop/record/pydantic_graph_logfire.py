import logfire
import recording
from recording import LedgerError, record

recording.provider("orders")
logfire.configure(
    send_to_logfire=False, console=False, service_name="orders", service_version="1.4.0",
    additional_span_processors=[recording.SimpleSpanProcessor(recording._memory)],
)
from pydantic_graph import GraphBuilder, StepContext


def graph():
    builder = GraphBuilder(name="order_graph", input_type=int, output_type=str)

    @builder.step
    async def fetch(ctx: StepContext[None, None, int]) -> int:
        return ctx.inputs

    @builder.step
    async def draft(ctx: StepContext[None, None, int]) -> str:
        if ctx.inputs == 7:
            raise LedgerError(f"the ledger refused order {ctx.inputs}")
        return "done"

    builder.add(
        builder.edge_from(builder.start_node).to(fetch),
        builder.edge_from(fetch).to(draft),
        builder.edge_from(draft).to(builder.end_node),
    )
    return builder.build()


def good():
    return graph().run(inputs=8)


def node_error():
    return graph().run(inputs=7)


record("pydantic-graph-logfire", ["pydantic-graph", "logfire"], [good, node_error])
