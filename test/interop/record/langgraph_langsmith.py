import os
os.environ.update(LANGSMITH_OTEL_ENABLED="true", LANGSMITH_OTEL_ONLY="true", LANGSMITH_TRACING="true", LANGSMITH_API_KEY="none", LANGSMITH_ENDPOINT="http://127.0.0.1:9")
from recording import provider, record
provider("orders")
import order_graph
from langchain_core.tracers.langchain import wait_for_all_tracers


def sent(scenario):
    """LangSmith makes its spans in a thread of its own."""
    def recorded():
        import asyncio
        import inspect
        import time
        try:
            result = scenario()
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
        finally:
            wait_for_all_tracers()
            time.sleep(1.5)
    recorded.__name__ = scenario.__name__
    return recorded


async def _awaited(result):
    return await result

record("langgraph-langsmith", ["langgraph", "langchain", "langchain-openai", "langsmith"], [sent(each) for each in order_graph.SCENARIOS])
