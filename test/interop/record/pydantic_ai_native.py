from recording import MODEL_URL, LedgerError, provider, record
provider("orders")
from openai import AsyncOpenAI
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import UsageLimits

Agent.instrument_all()


def agent(model, *tools, **options):
    client = AsyncOpenAI(base_url=MODEL_URL, api_key="sk-none", max_retries=0)
    return Agent(OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)), tools=tools, name="clerk", **options)


def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def asks_again(order: int) -> str:
    """Looks an order up."""
    raise ModelRetry("no such order")


def fine(order: int) -> str:
    """Looks an order up."""
    return "on its way"


def good():
    return agent("text").run("write")


def unauthorized():
    return agent("no-key").run("write")


def tool_error():
    return agent("tool", lookup).run("where is order 7?")


def tool_error_recovered():
    return agent("tool", asks_again).run("where is order 7?")


def output_retries_used_up():
    return agent("text", output_type=int).run("how many?")


def requests_used_up():
    return agent("loop", fine).run("where is order 7?", usage_limits=UsageLimits(request_limit=2))


record("pydantic-ai", ["pydantic-ai-slim"], [
    good, unauthorized, tool_error, tool_error_recovered, output_retries_used_up, requests_used_up,
])
