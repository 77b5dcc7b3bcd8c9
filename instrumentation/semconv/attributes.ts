// Generated from instrumentation/semconv/registry by `npm run generate`. Do not edit.

/** Identifier of the evolution. Sent again, it updates the same evolution. */
export const ATTR_EVOLUTION_ID = 'evolution.id';
/** What set it off. */
export const ATTR_EVOLUTION_TRIGGER = 'evolution.trigger';
/** The fix, in words. */
export const ATTR_EVOLUTION_RESOLUTION = 'evolution.resolution';
/** Kind of the fix. */
export const ATTR_EVOLUTION_STRATEGY = 'evolution.strategy';
/** Why this fix should work. */
export const ATTR_EVOLUTION_RATIONALE = 'evolution.rationale';
/** State of the evolution. */
export const ATTR_EVOLUTION_STATUS = 'evolution.status';
/** Who made it: an agent or a person. */
export const ATTR_EVOLUTION_AUTHOR = 'evolution.author';
/** Snapshot that was changed. The new one is in `graph.snapshot.ref`. */
export const ATTR_EVOLUTION_FROM_REF = 'evolution.from.ref';
/** Fingerprints of the groups that it is meant to fix. */
export const ATTR_EVOLUTION_TARGET_FINGERPRINTS = 'evolution.target.fingerprints';
/** Ids of the failures that it is meant to fix. */
export const ATTR_EVOLUTION_TARGET_FAILURES = 'evolution.target.failures';
/** Low-cardinality kind of the error: its class name or code. */
export const ATTR_ERROR_TYPE = 'error.type';
/** Class of the exception. */
export const ATTR_EXCEPTION_TYPE = 'exception.type';
/** Message of the exception. */
export const ATTR_EXCEPTION_MESSAGE = 'exception.message';
/** Stack trace in the form of the language's runtime, causes included. */
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace';
/** Where it failed. */
export const ATTR_FAILURE_SITE = 'failure.site';
/** Why it failed. Given only with evidence. */
export const ATTR_FAILURE_CLASS = 'failure.class';
/** How bad it is. */
export const ATTR_FAILURE_SEVERITY = 'failure.severity';
/** What happened next. */
export const ATTR_FAILURE_DISPOSITION = 'failure.disposition';
/** Name of the custom failure condition that fired. */
export const ATTR_FAILURE_CONDITION = 'failure.condition';
/** JSON text of what the node received, redacted. At most 16 KiB. */
export const ATTR_FAILURE_INPUT = 'failure.input';
/** SHA-256 (64 hex digits) of the redacted, untruncated canonical input. */
export const ATTR_FAILURE_INPUT_DIGEST = 'failure.input.digest';
/** JSON text of the run's state: path so far, visit counts, retry counts, shared-state keys. At most 8 KiB. */
export const ATTR_FAILURE_STATE = 'failure.state';
/** JSON text of what lies under the failure: last tool errors, last judge feedback, chain of causes. At most 8 KiB. */
export const ATTR_FAILURE_EVIDENCE = 'failure.evidence';
/** Span (16 hex digits) of the failure that this one follows from. A node or run with it failed, but reports no failure of its own. */
export const ATTR_FAILURE_ROOT_SPAN_ID = 'failure.root.span_id';
/** JSON text: kind of what was removed and how often. */
export const ATTR_FAILURE_REDACTIONS = 'failure.redactions';
/** Names of the attributes that were cut to their limit. */
export const ATTR_FAILURE_TRUNCATED = 'failure.truncated';
/** Identifier of the agent that is being evolved. */
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id';
/** Human-readable name of the agent. */
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name';
/** The session (conversation) that the run belongs to. A session may hold many runs. */
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
/** Identifier of the graph. It stays the same over its versions. */
export const ATTR_GRAPH_ID = 'graph.id';
/** One execution of a graph. */
export const ATTR_GRAPH_RUN_ID = 'graph.run.id';
/** How the run ended. */
export const ATTR_GRAPH_RUN_OUTCOME = 'graph.run.outcome';
/** Content address of the graph's version: `sha256:` and 64 hex digits over its canonical JSON. */
export const ATTR_GRAPH_SNAPSHOT_REF = 'graph.snapshot.ref';
/** Canonical JSON of the graph: keys sorted, no insignificant space. At most 256 KiB. */
export const ATTR_GRAPH_SNAPSHOT_BODY = 'graph.snapshot.body';
/** Identifier of the node, unique in its graph. */
export const ATTR_GRAPH_NODE_ID = 'graph.node.id';
/** Human-readable name of the node. */
export const ATTR_GRAPH_NODE_NAME = 'graph.node.name';
/** Kind of the node in its framework. */
export const ATTR_GRAPH_NODE_TYPE = 'graph.node.type';
/** Which try of this visit of the node this is, from 1. */
export const ATTR_GRAPH_NODE_ATTEMPT = 'graph.node.attempt';
/** How many tries the executor allows, from 1. */
export const ATTR_GRAPH_NODE_MAX_ATTEMPTS = 'graph.node.max_attempts';
/** How often the run has entered this node, from 1. Loops raise it, retries do not. */
export const ATTR_GRAPH_NODE_VISIT = 'graph.node.visit';
/** UUID of the event. Sent again, it changes nothing. */
export const ATTR_GROUP_EVENT_ID = 'group.event.id';
/** What happens to the group. */
export const ATTR_GROUP_EVENT_KIND = 'group.event.kind';
/** Fingerprint of the group. */
export const ATTR_GROUP_EVENT_FINGERPRINT = 'group.event.fingerprint';
/** Fingerprint of the group that it is merged into. */
export const ATTR_GROUP_EVENT_OTHER_FINGERPRINT = 'group.event.other_fingerprint';
/** The class of an annotation, the text of a note. */
export const ATTR_GROUP_EVENT_VALUE = 'group.event.value';
/** Why, in words. */
export const ATTR_GROUP_EVENT_REASON = 'group.event.reason';
/** Who said so: an agent or a person. */
export const ATTR_GROUP_EVENT_AUTHOR = 'group.event.author';
/** How many spans the process had dropped when this one started, because too many failed at once or the collector refused them. */
export const ATTR_FAULTLINE_DROPPED_SPANS = 'faultline.dropped_spans';
/** On spans that a framework makes of its own: the instrumentation in the same process records what they stand for. The collector skips them. */
export const ATTR_FAULTLINE_RECORDED = 'faultline.recorded';
/** Id under which the failure is stored: a UUID made from trace and span id. Only on log records; the collector makes it from the span. */
export const ATTR_FAILURE_ID = 'failure.id';
/** UUID of the result. Sent again, it changes nothing. */
export const ATTR_VERIFICATION_ID = 'verification.id';
/** UUID that all results of one verification share. */
export const ATTR_VERIFICATION_BATCH_ID = 'verification.batch.id';
/** Fingerprint of the failure that must not come again. */
export const ATTR_VERIFICATION_FINGERPRINT = 'verification.fingerprint';
/** What the input stands for. */
export const ATTR_VERIFICATION_KIND = 'verification.kind';
/** What became of the case. */
export const ATTR_VERIFICATION_RESULT = 'verification.result';
/** What the result was decided by. */
export const ATTR_VERIFICATION_BASIS = 'verification.basis';
/** Digest of the input. */
export const ATTR_VERIFICATION_INPUT_DIGEST = 'verification.input.digest';
/** Id of the failure that the input was taken from. */
export const ATTR_VERIFICATION_FAILURE_ID = 'verification.failure.id';
/** How often it was run. */
export const ATTR_VERIFICATION_RUNS = 'verification.runs';
/** How many of these runs failed, as before or in another way. */
export const ATTR_VERIFICATION_FAILED_RUNS = 'verification.failed_runs';
/** Why it was not run, or what is worth knowing about the result. */
export const ATTR_VERIFICATION_REASON = 'verification.reason';
/** Type of what it failed with. */
export const ATTR_VERIFICATION_ERROR_TYPE = 'verification.error.type';
/** Message of what it failed with. */
export const ATTR_VERIFICATION_ERROR_MESSAGE = 'verification.error.message';
/** Fingerprint of what it failed with, where its spans have one. */
export const ATTR_VERIFICATION_ERROR_FINGERPRINT = 'verification.error.fingerprint';
/** Resource attribute: the process runs a case again (the value of `FAULTLINE_REPLAY`). Its spans are no part of production: the collector skips them. */
export const ATTR_FAULTLINE_REPLAY = 'faultline.replay';

/** Values of `evolution.trigger`. */
export const EVOLUTION_TRIGGER_VALUES = [
  'failure',
  'human',
  'schedule',
  'other',
] as const;
export type EvolutionTrigger = (typeof EVOLUTION_TRIGGER_VALUES)[number];

/** Values of `evolution.status`. */
export const EVOLUTION_STATUS_VALUES = [
  'proposed',
  'applied',
  'reverted',
] as const;
export type EvolutionStatus = (typeof EVOLUTION_STATUS_VALUES)[number];

/** Values of `failure.site`. */
export const FAILURE_SITE_VALUES = [
  'graph.validate',
  'graph.route',
  'node.start',
  'node.result',
  'node.raise',
  'llm.call',
  'llm.stream',
  'tool.call',
  'judge',
  'budget',
  'branch',
  'run',
  'worker',
] as const;
export type FailureSite = (typeof FAILURE_SITE_VALUES)[number];

/** Values of `failure.class`. */
export const FAILURE_CLASS_VALUES = [
  'llm.auth',
  'llm.rate_limit',
  'llm.transport',
  'llm.timeout',
  'llm.context_overflow',
  'llm.content_filter',
  'llm.payment_required',
  'llm.empty_response',
  'llm.malformed_output',
  'llm.unavailable',
  'tool.error',
  'tool.timeout',
  'tool.auth',
  'tool.not_found',
  'tool.invalid_arguments',
  'tool.doom_loop',
  'loop.stall',
  'loop.max_iterations',
  'judge.rejected',
  'judge.escalated',
  'output.missing',
  'output.invalid',
  'output.silent',
  'input.missing',
  'input.invalid',
  'graph.invalid',
  'graph.node_not_found',
  'graph.dead_end',
  'graph.condition_error',
  'graph.step_budget',
  'graph.visit_limit',
  'branch.failed',
  'branch.timeout',
  'constraint.hard',
  'constraint.soft',
  'budget.cost',
  'budget.tokens',
  'budget.time',
  'network.error',
  'data.error',
  'code.error',
  'resource.exhausted',
  'config.error',
  'worker.lost',
  'unclassified',
] as const;
export type FailureClass = (typeof FAILURE_CLASS_VALUES)[number];

/** Values of `failure.severity`. */
export const FAILURE_SEVERITY_VALUES = [
  'critical',
  'major',
  'minor',
  'warning',
] as const;
export type FailureSeverity = (typeof FAILURE_SEVERITY_VALUES)[number];

/** Values of `failure.disposition`. */
export const FAILURE_DISPOSITION_VALUES = [
  'retried',
  'recovered',
  'routed',
  'terminal',
  'escalated',
  'degraded',
] as const;
export type FailureDisposition = (typeof FAILURE_DISPOSITION_VALUES)[number];

/** Values of `graph.run.outcome`. */
export const GRAPH_RUN_OUTCOME_VALUES = [
  'success',
  'failure',
  'degraded',
  'truncated',
  'paused',
  'cancelled',
] as const;
export type GraphRunOutcome = (typeof GRAPH_RUN_OUTCOME_VALUES)[number];

/** Values of `group.event.kind`. */
export const GROUP_EVENT_KIND_VALUES = [
  'resolve',
  'ignore',
  'reopen',
  'merge',
  'split',
  'propose',
  'dismiss',
  'annotate',
  'note',
] as const;
export type GroupEventKind = (typeof GROUP_EVENT_KIND_VALUES)[number];

/** Values of `verification.kind`. */
export const VERIFICATION_KIND_VALUES = [
  'case',
  'guard',
] as const;
export type VerificationKind = (typeof VERIFICATION_KIND_VALUES)[number];

/** Values of `verification.result`. */
export const VERIFICATION_RESULT_VALUES = [
  'fixed',
  'still_failing',
  'other_failure',
  'not_run',
] as const;
export type VerificationResult = (typeof VERIFICATION_RESULT_VALUES)[number];

/** Values of `verification.basis`. */
export const VERIFICATION_BASIS_VALUES = [
  'spans',
  'exit_code',
] as const;
export type VerificationBasis = (typeof VERIFICATION_BASIS_VALUES)[number];

/** `execute_node {graph.node.id}`: one attempt of one node, linked to the span of the attempt before it. */
export const SPAN_EXECUTE_NODE = 'execute_node';
/** `execute_graph {graph.id}`: one run, around the spans of its node attempts. */
export const SPAN_EXECUTE_GRAPH = 'execute_graph';
/** `start_graph {graph.id}`: the start signal, a span of no length, so that a run that hangs or is killed is still known. */
export const SPAN_START_GRAPH = 'start_graph';
/** `check_condition {failure.condition}`: a failure condition that gave no verdict, inside the node or the run that it looked at. Always a failure, and never one of the node. */
export const SPAN_CHECK_CONDITION = 'check_condition';
/** `evolve_graph {gen_ai.agent.id}`: a change of the agent's graph, linked to the failed spans that it is meant to fix. */
export const SPAN_EVOLVE_GRAPH = 'evolve_graph';
/** `change_group {gen_ai.agent.id}`: something is said about a group of failures of the agent. */
export const SPAN_CHANGE_GROUP = 'change_group';
/** `verify_case {gen_ai.agent.id}`: what became of a case that was run again. */
export const SPAN_VERIFY_CASE = 'verify_case';
/** Span event that carries the body of a snapshot; sent with the first span that uses the ref and again every 10 minutes of use. */
export const EVENT_GRAPH_SNAPSHOT = 'graph.snapshot';
/** Log record in the app's own logs: a failure that a span has reported, as one line. It reports no failure of its own. */
export const EVENT_FAULTLINE_FAILURE = 'faultline.failure';

/** The most bytes of UTF-8 that the value of an attribute may have. */
export const MAX_BYTES = {
  'evolution.resolution': 8192,
  'evolution.rationale': 8192,
  'exception.message': 16384,
  'exception.stacktrace': 32768,
  'failure.input': 16384,
  'failure.state': 8192,
  'failure.evidence': 8192,
  'failure.redactions': 1024,
  'graph.snapshot.body': 262144,
  'group.event.value': 4096,
  'group.event.reason': 4096,
  'verification.reason': 4096,
  'verification.error.message': 4096,
} as const;

/** Other people's names for our attributes: read, never written. First match wins. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'failure.input': ['input.value', 'traceloop.entity.input'],
  'gen_ai.agent.id': ['hive.agent_id', 'traceloop.workflow.name'],
  'gen_ai.agent.name': ['agent.name'],
  'gen_ai.conversation.id': ['session.id', 'hive.session_id', 'thread_id', 'metadata.thread_id', 'traceloop.association.properties.session_id', 'traceloop.association.properties.thread_id', 'ai.telemetry.metadata.sessionId'],
  'graph.id': ['hive.graph_id'],
  'graph.run.id': ['hive.run_id'],
  'graph.node.id': ['hive.node_id', 'langgraph_node', 'metadata.langgraph_node', 'traceloop.association.properties.langgraph_node', 'traceloop.entity.name'],
  'graph.node.name': ['hive.node_name'],
  'graph.node.type': ['hive.node_type'],
};
