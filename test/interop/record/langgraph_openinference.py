from recording import provider, record
from openinference.instrumentation.langchain import LangChainInstrumentor

LangChainInstrumentor().instrument(tracer_provider=provider("orders"))
import order_graph

record("langgraph-openinference", ["langgraph", "langchain", "langchain-openai", "openinference-instrumentation-langchain"], order_graph.SCENARIOS)
