from recording import provider, record
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

OpenAIAgentsInstrumentor().instrument(tracer_provider=provider("orders"))
import clerk

record("openai-agents-openinference", ["openai-agents", "openinference-instrumentation-openai-agents"], clerk.SCENARIOS)
