from recording import provider, record
from opentelemetry.instrumentation.openai_agents import OpenAIAgentsInstrumentor

OpenAIAgentsInstrumentor().instrument(tracer_provider=provider("orders"))
import clerk

record("openai-agents-v2", ["openai-agents", "opentelemetry-instrumentation-openai-agents-v2"], clerk.SCENARIOS)
