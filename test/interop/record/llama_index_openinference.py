from recording import MODEL_URL, LedgerError, provider, record
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.workflow import Event, StartEvent, StopEvent, Workflow, step
from llama_index.llms.openai_like import OpenAILike
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

LlamaIndexInstrumentor().instrument(tracer_provider=provider("orders"))


def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, *tools):
    llm = OpenAILike(model=model, api_base=MODEL_URL, api_key="sk-none", is_chat_model=True, is_function_calling_model=True, max_retries=0)
    return FunctionAgent(name="clerk", tools=list(tools), llm=llm, streaming=False)


async def good():
    await agent("text", lookup).run(user_msg="write")


async def unauthorized():
    await agent("no-key", lookup).run(user_msg="write")


async def tool_error_recovered():
    await agent("tool", lookup).run(user_msg="where is order 7?")


class Fetched(Event):
    order: int


class OrderFlow(Workflow):
    @step
    async def fetch(self, ev: StartEvent) -> Fetched:
        return Fetched(order=7)

    @step
    async def draft(self, ev: Fetched) -> StopEvent:
        raise LedgerError(f"the ledger refused order {ev.order}")


async def step_error():
    await OrderFlow().run()


record("llama-index-openinference", ["llama-index-core", "llama-index-workflows", "openinference-instrumentation-llama-index"], [
    good, unauthorized, tool_error_recovered, step_error,
])
