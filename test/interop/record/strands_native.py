from recording import MODEL_URL, LedgerError, provider, record
provider("orders")
from strands import Agent, tool
from strands.models.openai import OpenAIModel
from strands.multiagent import GraphBuilder


@tool
def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, name="clerk", **options):
    made = OpenAIModel(client_args={"base_url": MODEL_URL, "api_key": "sk-none", "max_retries": 0}, model_id=model)
    return Agent(name=name, model=made, callback_handler=None, **options)


def graph(*models):
    builder = GraphBuilder()
    names = ["fetch", "draft", "check"][: len(models)]
    for name, model in zip(names, models):
        builder.add_node(agent(model, name), name)
    for before, after in zip(names, names[1:]):
        builder.add_edge(before, after)
    builder.set_entry_point("fetch")
    builder.build()("order 7")


def good():
    agent("text")("write")


def unauthorized():
    agent("no-key")("write")


def tool_error_recovered():
    agent("tool", tools=[lookup])("where is order 7?")


def graph_good():
    graph("text", "text")


def graph_unauthorized():
    graph("text", "no-key", "text")


record("strands", ["strands-agents"], [good, unauthorized, tool_error_recovered, graph_good, graph_unauthorized])
