# Generated from instrumentation/semconv/registry by `npm run generate`. Do not edit.
"""Names and limits of the wire contract."""

ATTR_EVOLUTION_ID = "evolution.id"
ATTR_EVOLUTION_TRIGGER = "evolution.trigger"
ATTR_EVOLUTION_RESOLUTION = "evolution.resolution"
ATTR_EVOLUTION_STRATEGY = "evolution.strategy"
ATTR_EVOLUTION_RATIONALE = "evolution.rationale"
ATTR_EVOLUTION_STATUS = "evolution.status"
ATTR_EVOLUTION_AUTHOR = "evolution.author"
ATTR_EVOLUTION_FROM_REF = "evolution.from.ref"
ATTR_EVOLUTION_TARGET_FINGERPRINTS = "evolution.target.fingerprints"
ATTR_EVOLUTION_TARGET_FAILURES = "evolution.target.failures"
ATTR_ERROR_TYPE = "error.type"
ATTR_EXCEPTION_TYPE = "exception.type"
ATTR_EXCEPTION_MESSAGE = "exception.message"
ATTR_EXCEPTION_STACKTRACE = "exception.stacktrace"
ATTR_FAILURE_SITE = "failure.site"
ATTR_FAILURE_CLASS = "failure.class"
ATTR_FAILURE_SEVERITY = "failure.severity"
ATTR_FAILURE_DISPOSITION = "failure.disposition"
ATTR_FAILURE_CONDITION = "failure.condition"
ATTR_FAILURE_INPUT = "failure.input"
ATTR_FAILURE_INPUT_DIGEST = "failure.input.digest"
ATTR_FAILURE_STATE = "failure.state"
ATTR_FAILURE_EVIDENCE = "failure.evidence"
ATTR_FAILURE_ROOT_SPAN_ID = "failure.root.span_id"
ATTR_FAILURE_REDACTIONS = "failure.redactions"
ATTR_FAILURE_TRUNCATED = "failure.truncated"
ATTR_GEN_AI_AGENT_ID = "gen_ai.agent.id"
ATTR_GEN_AI_AGENT_NAME = "gen_ai.agent.name"
ATTR_GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id"
ATTR_GRAPH_ID = "graph.id"
ATTR_GRAPH_RUN_ID = "graph.run.id"
ATTR_GRAPH_RUN_OUTCOME = "graph.run.outcome"
ATTR_GRAPH_SNAPSHOT_REF = "graph.snapshot.ref"
ATTR_GRAPH_SNAPSHOT_BODY = "graph.snapshot.body"
ATTR_GRAPH_NODE_ID = "graph.node.id"
ATTR_GRAPH_NODE_NAME = "graph.node.name"
ATTR_GRAPH_NODE_TYPE = "graph.node.type"
ATTR_GRAPH_NODE_ATTEMPT = "graph.node.attempt"
ATTR_GRAPH_NODE_MAX_ATTEMPTS = "graph.node.max_attempts"
ATTR_GRAPH_NODE_VISIT = "graph.node.visit"
ATTR_GROUP_EVENT_ID = "group.event.id"
ATTR_GROUP_EVENT_KIND = "group.event.kind"
ATTR_GROUP_EVENT_FINGERPRINT = "group.event.fingerprint"
ATTR_GROUP_EVENT_OTHER_FINGERPRINT = "group.event.other_fingerprint"
ATTR_GROUP_EVENT_VALUE = "group.event.value"
ATTR_GROUP_EVENT_REASON = "group.event.reason"
ATTR_GROUP_EVENT_AUTHOR = "group.event.author"
ATTR_FAULTLINE_DROPPED_SPANS = "faultline.dropped_spans"
ATTR_FAULTLINE_RECORDED = "faultline.recorded"
ATTR_FAILURE_ID = "failure.id"
ATTR_VERIFICATION_ID = "verification.id"
ATTR_VERIFICATION_BATCH_ID = "verification.batch.id"
ATTR_VERIFICATION_FINGERPRINT = "verification.fingerprint"
ATTR_VERIFICATION_KIND = "verification.kind"
ATTR_VERIFICATION_RESULT = "verification.result"
ATTR_VERIFICATION_BASIS = "verification.basis"
ATTR_VERIFICATION_INPUT_DIGEST = "verification.input.digest"
ATTR_VERIFICATION_FAILURE_ID = "verification.failure.id"
ATTR_VERIFICATION_RUNS = "verification.runs"
ATTR_VERIFICATION_FAILED_RUNS = "verification.failed_runs"
ATTR_VERIFICATION_REASON = "verification.reason"
ATTR_VERIFICATION_ERROR_TYPE = "verification.error.type"
ATTR_VERIFICATION_ERROR_MESSAGE = "verification.error.message"
ATTR_VERIFICATION_ERROR_FINGERPRINT = "verification.error.fingerprint"
ATTR_FAULTLINE_REPLAY = "faultline.replay"

EVOLUTION_TRIGGER_VALUES = (
    "failure",
    "human",
    "schedule",
    "other",
)

EVOLUTION_STATUS_VALUES = (
    "proposed",
    "applied",
    "reverted",
)

FAILURE_SITE_VALUES = (
    "graph.validate",
    "graph.route",
    "node.start",
    "node.result",
    "node.raise",
    "llm.call",
    "llm.stream",
    "tool.call",
    "judge",
    "budget",
    "branch",
    "run",
    "worker",
)

FAILURE_CLASS_VALUES = (
    "llm.auth",
    "llm.rate_limit",
    "llm.transport",
    "llm.timeout",
    "llm.context_overflow",
    "llm.content_filter",
    "llm.payment_required",
    "llm.empty_response",
    "llm.malformed_output",
    "llm.unavailable",
    "tool.error",
    "tool.timeout",
    "tool.auth",
    "tool.not_found",
    "tool.invalid_arguments",
    "tool.doom_loop",
    "loop.stall",
    "loop.max_iterations",
    "judge.rejected",
    "judge.escalated",
    "output.missing",
    "output.invalid",
    "output.silent",
    "input.missing",
    "input.invalid",
    "graph.invalid",
    "graph.node_not_found",
    "graph.dead_end",
    "graph.condition_error",
    "graph.step_budget",
    "graph.visit_limit",
    "branch.failed",
    "branch.timeout",
    "constraint.hard",
    "constraint.soft",
    "budget.cost",
    "budget.tokens",
    "budget.time",
    "network.error",
    "data.error",
    "code.error",
    "resource.exhausted",
    "config.error",
    "worker.lost",
    "unclassified",
)

FAILURE_SEVERITY_VALUES = (
    "critical",
    "major",
    "minor",
    "warning",
)

FAILURE_DISPOSITION_VALUES = (
    "retried",
    "recovered",
    "routed",
    "terminal",
    "escalated",
    "degraded",
)

GRAPH_RUN_OUTCOME_VALUES = (
    "success",
    "failure",
    "degraded",
    "truncated",
    "paused",
    "cancelled",
)

GROUP_EVENT_KIND_VALUES = (
    "resolve",
    "ignore",
    "reopen",
    "merge",
    "split",
    "propose",
    "dismiss",
    "annotate",
    "note",
)

VERIFICATION_KIND_VALUES = (
    "case",
    "guard",
)

VERIFICATION_RESULT_VALUES = (
    "fixed",
    "still_failing",
    "other_failure",
    "not_run",
)

VERIFICATION_BASIS_VALUES = (
    "spans",
    "exit_code",
)

SPAN_EXECUTE_NODE = "execute_node"
SPAN_EXECUTE_GRAPH = "execute_graph"
SPAN_START_GRAPH = "start_graph"
SPAN_CHECK_CONDITION = "check_condition"
SPAN_EVOLVE_GRAPH = "evolve_graph"
SPAN_CHANGE_GROUP = "change_group"
SPAN_VERIFY_CASE = "verify_case"
EVENT_GRAPH_SNAPSHOT = "graph.snapshot"
EVENT_FAULTLINE_FAILURE = "faultline.failure"

# The most bytes of UTF-8 that the value of an attribute may have.
MAX_BYTES = {
    "evolution.resolution": 8192,
    "evolution.rationale": 8192,
    "exception.message": 16384,
    "exception.stacktrace": 32768,
    "failure.input": 16384,
    "failure.state": 8192,
    "failure.evidence": 8192,
    "failure.redactions": 1024,
    "graph.snapshot.body": 262144,
    "group.event.value": 4096,
    "group.event.reason": 4096,
    "verification.reason": 4096,
    "verification.error.message": 4096,
}

# For each class: whether it is retriable, and whether it needs a changed graph.
CLASS_FACTS = {
    "llm.auth": (False, False),
    "llm.rate_limit": (True, False),
    "llm.transport": (True, False),
    "llm.timeout": (True, False),
    "llm.context_overflow": (False, True),
    "llm.content_filter": (False, True),
    "llm.payment_required": (False, False),
    "llm.empty_response": (True, True),
    "llm.malformed_output": (True, True),
    "llm.unavailable": (True, False),
    "tool.error": (True, True),
    "tool.timeout": (True, False),
    "tool.auth": (False, False),
    "tool.not_found": (False, True),
    "tool.invalid_arguments": (True, True),
    "tool.doom_loop": (False, True),
    "loop.stall": (False, True),
    "loop.max_iterations": (False, True),
    "judge.rejected": (True, True),
    "judge.escalated": (False, False),
    "output.missing": (True, True),
    "output.invalid": (True, True),
    "output.silent": (True, True),
    "input.missing": (False, True),
    "input.invalid": (False, True),
    "graph.invalid": (False, True),
    "graph.node_not_found": (False, True),
    "graph.dead_end": (False, True),
    "graph.condition_error": (False, True),
    "graph.step_budget": (False, True),
    "graph.visit_limit": (False, True),
    "branch.failed": (True, True),
    "branch.timeout": (True, False),
    "constraint.hard": (False, True),
    "constraint.soft": (False, True),
    "budget.cost": (False, True),
    "budget.tokens": (False, True),
    "budget.time": (False, True),
    "network.error": (True, False),
    "data.error": (False, False),
    "code.error": (False, True),
    "resource.exhausted": (True, False),
    "config.error": (False, False),
    "worker.lost": (True, False),
    "unclassified": (False, False),
}
