from recording import provider, record
from opentelemetry.instrumentation.langchain import LangchainInstrumentor

LangchainInstrumentor().instrument(tracer_provider=provider("orders"))
import order_graph

# Traceloop 0.62 hangs two spans of one sub-graph side by side, so that it is left out.
scenarios = [each for each in order_graph.SCENARIOS if each is not order_graph.sub_graph]
record("langgraph-traceloop", ["langgraph", "langchain", "langchain-openai", "opentelemetry-instrumentation-langchain"], scenarios)
