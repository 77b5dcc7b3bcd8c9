from recording import MODEL_URL, LedgerError, provider, record
provider("orders")
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient


def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, tools=None):
    info = {"vision": False, "function_calling": True, "json_output": False, "family": "unknown", "structured_output": False}
    client = OpenAIChatCompletionClient(model=model, base_url=MODEL_URL, api_key="sk-none", model_info=info, max_retries=0)
    return AssistantAgent("clerk", client, tools=tools, reflect_on_tool_use=True)


async def good():
    await agent("text").run(task="write")


async def unauthorized():
    await agent("no-key").run(task="write")


async def tool_error_recovered():
    await agent("tool", [lookup]).run(task="where is order 7?")


async def graph_flow():
    from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
    first, second = agent("text"), agent("no-key")
    second._name = "writer"
    builder = DiGraphBuilder()
    builder.add_node(first).add_node(second).add_edge(first, second)
    await GraphFlow([first, second], graph=builder.build()).run(task="write")


record("autogen", ["autogen-agentchat", "autogen-core", "autogen-ext"], [good, unauthorized, tool_error_recovered, graph_flow])
