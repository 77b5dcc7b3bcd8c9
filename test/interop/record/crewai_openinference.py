import os
os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
from recording import MODEL_URL, LedgerError, provider, record
made = provider("orders")
from crewai import LLM, Agent, Crew, Task
from crewai.flow.flow import Flow, listen, start
from crewai.tools import tool
from openinference.instrumentation.crewai import CrewAIInstrumentor

CrewAIInstrumentor().instrument(tracer_provider=made)


@tool("lookup")
def lookup(order: int) -> str:
    """Looks an order up."""
    raise LedgerError(f"the ledger refused order {order}")


def agent(model, role, **options):
    llm = LLM(model=f"openai/{model}", base_url=MODEL_URL, api_key="sk-none", max_retries=0)
    return Agent(role=role, goal="Answer", backstory="Works here", llm=llm, max_retry_limit=0, **options)


def crew(*agents):
    tasks = [Task(description=f"Do the part of {each.role}", expected_output="words", agent=each) for each in agents]
    Crew(name="order_crew", agents=list(agents), tasks=tasks, verbose=False).kickoff()


def good():
    crew(agent("text", "Clerk"), agent("text", "Writer"))


def unauthorized():
    crew(agent("text", "Clerk"), agent("no-key", "Writer"))


def tool_error_recovered():
    crew(agent("tool", "Clerk", tools=[lookup]))


def flow_error():
    class Orders(Flow):
        @start()
        def fetch(self):
            return 7

        @listen(fetch)
        def draft(self, order):
            raise LedgerError(f"the ledger refused order {order}")

    Orders().kickoff()


record("crewai-openinference", ["crewai", "openinference-instrumentation-crewai"], [
    good, unauthorized, tool_error_recovered, flow_error,
])
