"""Failure memory for agents: records what fails in a graph's nodes and sends it to Faultline's collector.

`faultline.instrument()` records LangGraph and Hive by themselves; anything else with `faultline.run` and
`@faultline.node`. Nothing of it raises into the app, whatever goes wrong.
"""

from faultline.conditions import Condition, Context, condition, record_usage, use_conditions
from faultline.core.graph import current_run, run
from faultline.core.node import node
from faultline.delivery.pipeline import Pipeline, flush
from faultline.evolution import record_evolution
from faultline.instrumentor import FaultlineInstrumentor, instrument, uninstrument
from faultline.redaction.paths import redact_paths
from faultline.self_check import FailureState, RetryDecision, failure_state, should_retry, should_retry_async
from faultline.version import __version__

__all__ = [
    "Condition",
    "Context",
    "FailureState",
    "FaultlineInstrumentor",
    "Pipeline",
    "RetryDecision",
    "__version__",
    "condition",
    "current_run",
    "failure_state",
    "flush",
    "instrument",
    "node",
    "record_evolution",
    "record_usage",
    "redact_paths",
    "run",
    "should_retry",
    "should_retry_async",
    "uninstrument",
    "use_conditions",
]
