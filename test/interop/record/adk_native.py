from recording import MODEL_URL, LedgerError, provider, record
provider("orders")
from google.adk.agents import LlmAgent, SequentialAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types


def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, name="clerk", **options):
    made = LiteLlm(model=f"openai/{model}", api_base=MODEL_URL, api_key="sk-none", num_retries=0, max_retries=0)
    return LlmAgent(name=name, model=made, instruction="Answer.", **options)


async def run(root):
    runner = InMemoryRunner(root, app_name="orders_app")
    session = await runner.session_service.create_session(app_name="orders_app", user_id="ann")
    content = types.Content(role="user", parts=[types.Part(text="where is order 7?")])
    async for _ in runner.run_async(user_id="ann", session_id=session.id, new_message=content):
        pass


def good():
    return run(agent("text"))


def unauthorized():
    return run(agent("no-key"))


def tool_error():
    return run(agent("tool", tools=[lookup]))


def sequence_unauthorized():
    return run(SequentialAgent(name="office", sub_agents=[agent("text", "clerk"), agent("no-key", "writer")]))


record("adk", ["google-adk", "litellm"], [good, unauthorized, tool_error, sequence_unauthorized])
