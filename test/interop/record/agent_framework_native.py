from recording import MODEL_URL, LedgerError, provider, record
provider("orders")
from agent_framework import Agent, WorkflowBuilder, WorkflowContext, executor, tool
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatCompletionClient

enable_instrumentation(enable_sensitive_data=True)


@tool(approval_mode="never_require")
def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, **options):
    client = OpenAIChatCompletionClient(model=model, api_key="sk-none", base_url=MODEL_URL)
    return Agent(client=client, name="clerk", instructions="Answer.", **options)


async def good():
    await agent("text").run("write")


async def unauthorized():
    await agent("no-key").run("write")


async def tool_error_recovered():
    await agent("tool", tools=[lookup]).run("where is order 7?")


@executor(id="fetch")
async def fetch(order: int, ctx: WorkflowContext[int]) -> None:
    await ctx.send_message(order)


@executor(id="draft")
async def draft(order: int, ctx: WorkflowContext[None, str]) -> None:
    if order == 7:
        raise LedgerError(f"the ledger refused order {order}")
    await ctx.yield_output("done")


def flow():
    return WorkflowBuilder(name="order_flow", start_executor=fetch).add_edge(fetch, draft).build()


async def workflow_good():
    await flow().run(8)


async def workflow_error():
    await flow().run(7)


record("agent-framework", ["agent-framework-core", "agent-framework-openai"], [
    good, unauthorized, tool_error_recovered, workflow_good, workflow_error,
])
