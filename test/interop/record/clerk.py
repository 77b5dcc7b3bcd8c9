"""The agents of the OpenAI Agents SDK that are recorded."""
from recording import MODEL_URL, LedgerError
from agents import Agent, GuardrailFunctionOutput, OpenAIChatCompletionsModel, RunConfig, Runner, function_tool, input_guardrail
from openai import AsyncOpenAI


@function_tool
def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


@function_tool(failure_error_function=None)
def strict_lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


@function_tool
def fine_lookup(order: int) -> str:
    """Looks an order up."""
    return "on its way"


def agent(model, name="clerk", **options):
    client = AsyncOpenAI(base_url=MODEL_URL, api_key="sk-none", max_retries=0)
    return Agent(name=name, model=OpenAIChatCompletionsModel(model, client), **options)


def run(started, **options):
    return Runner.run(started, "where is order 7?", run_config=RunConfig(workflow_name="orders_flow"), **options)


def good():
    return run(agent("text"))


def unauthorized():
    return run(agent("no-key"))


def tool_error_recovered():
    return run(agent("tool", tools=[lookup]))


def tool_error():
    return run(agent("tool", tools=[strict_lookup]))


def handed_over():
    billing = agent("no-key", "billing")
    return run(agent("tool", "triage", handoffs=[billing]))


def turns_used_up():
    return run(agent("loop", tools=[fine_lookup]), max_turns=2)


def guardrail_tripped():
    @input_guardrail
    async def only_orders(context, started, given):
        return GuardrailFunctionOutput(output_info="no order", tripwire_triggered=True)
    return run(agent("text", input_guardrails=[only_orders]))


SCENARIOS = [
    good, unauthorized, tool_error_recovered, tool_error, handed_over, turns_used_up, guardrail_tripped,
]
