from recording import MODEL_URL, LedgerError, provider, record
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from smolagents import OpenAIServerModel, ToolCallingAgent, tool

SmolagentsInstrumentor().instrument(tracer_provider=provider("orders"))


@tool
def lookup(order: int) -> str:
    """Looks an order up.

    Args:
        order: its number
    """
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, tools=(), **options):
    made = OpenAIServerModel(model, api_base=MODEL_URL, api_key="sk-none", client_kwargs={"max_retries": 0})
    return ToolCallingAgent(tools=list(tools), model=made, name="clerk", verbosity_level=0, **options)


def good():
    agent("text").run("write")


def unauthorized():
    agent("no-key").run("write")


def tool_error_recovered():
    agent("tool", [lookup], max_steps=4).run("where is order 7?")


@tool
def fine_lookup(order: int) -> str:
    """Looks an order up.

    Args:
        order: its number
    """
    return "on its way"


def steps_used_up():
    agent("loop", [fine_lookup], max_steps=2).run("where is order 7?")


record("smolagents-openinference", ["smolagents", "openinference-instrumentation-smolagents"], [
    good, unauthorized, tool_error_recovered, steps_used_up,
])
