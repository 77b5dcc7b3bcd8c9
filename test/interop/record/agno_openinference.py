from recording import MODEL_URL, LedgerError, provider, record
from agno.agent import Agent
from agno.models.openai import OpenAIChat
from agno.team import Team
from openinference.instrumentation.agno import AgnoInstrumentor

AgnoInstrumentor().instrument(tracer_provider=provider("orders"))


def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, name="clerk", **options):
    made = OpenAIChat(id=model, base_url=MODEL_URL, api_key="sk-none", max_retries=0)
    return Agent(name=name, model=made, telemetry=False, **options)


def good():
    agent("text").run("write")


def unauthorized():
    agent("no-key").run("write")


def tool_error_recovered():
    agent("tool", tools=[lookup]).run("where is order 7?")


def team():
    made = OpenAIChat(id="text", base_url=MODEL_URL, api_key="sk-none", max_retries=0)
    Team(name="office", members=[agent("text")], model=made, telemetry=False).run("write")


record("agno-openinference", ["agno", "openinference-instrumentation-agno"], [good, unauthorized, tool_error_recovered, team])
