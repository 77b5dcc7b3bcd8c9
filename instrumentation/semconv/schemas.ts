// Generated from instrumentation/semconv/registry by `npm run generate`. Do not edit.

import { z } from 'zod';
import * as constants from './attributes.ts';

/** Attributes of `execute_node {graph.node.id}`: one attempt of one node, linked to the span of the attempt before it. */
export const executeNodeAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'gen_ai.agent.name': z.string().optional(),
  'gen_ai.conversation.id': z.string().optional(),
  'graph.id': z.string(),
  'graph.run.id': z.string(),
  'graph.snapshot.ref': z.string(),
  'graph.node.id': z.string(),
  'graph.node.name': z.string().optional(),
  'graph.node.type': z.string().optional(),
  'graph.node.attempt': z.int().min(1).optional(),
  'graph.node.max_attempts': z.int().min(1).optional(),
  'graph.node.visit': z.int().min(1).optional(),
  'error.type': z.string().optional(),
  'exception.type': z.string().optional(),
  'exception.message': z.string().optional(),
  'exception.stacktrace': z.string().optional(),
  'failure.site': z.enum(constants.FAILURE_SITE_VALUES).optional(),
  'failure.class': z.enum(constants.FAILURE_CLASS_VALUES).optional(),
  'failure.severity': z.enum(constants.FAILURE_SEVERITY_VALUES).optional(),
  'failure.disposition': z.enum(constants.FAILURE_DISPOSITION_VALUES).optional(),
  'failure.condition': z.string().optional(),
  'failure.input': z.string().optional(),
  'failure.input.digest': z.string().optional(),
  'failure.state': z.string().optional(),
  'failure.evidence': z.string().optional(),
  'failure.root.span_id': z.string().optional(),
  'failure.redactions': z.string().optional(),
  'failure.truncated': z.array(z.string()).optional(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `execute_graph {graph.id}`: one run, around the spans of its node attempts. */
export const executeGraphAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'gen_ai.agent.name': z.string().optional(),
  'gen_ai.conversation.id': z.string().optional(),
  'graph.id': z.string(),
  'graph.run.id': z.string(),
  'graph.snapshot.ref': z.string(),
  'graph.run.outcome': z.enum(constants.GRAPH_RUN_OUTCOME_VALUES),
  'error.type': z.string().optional(),
  'exception.type': z.string().optional(),
  'exception.message': z.string().optional(),
  'exception.stacktrace': z.string().optional(),
  'failure.site': z.enum(constants.FAILURE_SITE_VALUES).optional(),
  'failure.class': z.enum(constants.FAILURE_CLASS_VALUES).optional(),
  'failure.severity': z.enum(constants.FAILURE_SEVERITY_VALUES).optional(),
  'failure.condition': z.string().optional(),
  'failure.root.span_id': z.string().optional(),
  'failure.state': z.string().optional(),
  'failure.evidence': z.string().optional(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `start_graph {graph.id}`: the start signal, a span of no length, so that a run that hangs or is killed is still known. */
export const startGraphAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'gen_ai.agent.name': z.string().optional(),
  'gen_ai.conversation.id': z.string().optional(),
  'graph.id': z.string(),
  'graph.run.id': z.string(),
  'graph.snapshot.ref': z.string(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `check_condition {failure.condition}`: a failure condition that gave no verdict, inside the node or the run that it looked at. Always a failure, and never one of the node. */
export const checkConditionAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'gen_ai.agent.name': z.string().optional(),
  'gen_ai.conversation.id': z.string().optional(),
  'graph.id': z.string(),
  'graph.run.id': z.string(),
  'graph.snapshot.ref': z.string(),
  'failure.condition': z.string(),
  'error.type': z.string(),
  'exception.type': z.string(),
  'exception.message': z.string(),
  'exception.stacktrace': z.string(),
  'failure.site': z.enum(constants.FAILURE_SITE_VALUES),
  'failure.class': z.enum(constants.FAILURE_CLASS_VALUES),
  'failure.severity': z.enum(constants.FAILURE_SEVERITY_VALUES),
  'failure.evidence': z.string(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `evolve_graph {gen_ai.agent.id}`: a change of the agent's graph, linked to the failed spans that it is meant to fix. */
export const evolveGraphAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'gen_ai.agent.name': z.string().optional(),
  'evolution.id': z.string(),
  'evolution.trigger': z.enum(constants.EVOLUTION_TRIGGER_VALUES),
  'evolution.resolution': z.string(),
  'evolution.strategy': z.string().optional(),
  'evolution.rationale': z.string().optional(),
  'evolution.status': z.enum(constants.EVOLUTION_STATUS_VALUES),
  'evolution.author': z.string().optional(),
  'evolution.from.ref': z.string().optional(),
  'graph.snapshot.ref': z.string().optional(),
  'evolution.target.fingerprints': z.array(z.string()).optional(),
  'evolution.target.failures': z.array(z.string()).optional(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `change_group {gen_ai.agent.id}`: something is said about a group of failures of the agent. */
export const changeGroupAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'group.event.id': z.string(),
  'group.event.kind': z.enum(constants.GROUP_EVENT_KIND_VALUES),
  'group.event.fingerprint': z.string(),
  'group.event.other_fingerprint': z.string().optional(),
  'group.event.value': z.string().optional(),
  'group.event.reason': z.string().optional(),
  'group.event.author': z.string().optional(),
  'evolution.id': z.string().optional(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of `verify_case {gen_ai.agent.id}`: what became of a case that was run again. */
export const verifyCaseAttributes = z.looseObject({
  'gen_ai.agent.id': z.string(),
  'verification.id': z.string(),
  'verification.batch.id': z.string(),
  'verification.fingerprint': z.string().optional(),
  'verification.kind': z.enum(constants.VERIFICATION_KIND_VALUES),
  'verification.result': z.enum(constants.VERIFICATION_RESULT_VALUES),
  'verification.basis': z.enum(constants.VERIFICATION_BASIS_VALUES).optional(),
  'verification.input.digest': z.string().optional(),
  'verification.failure.id': z.string().optional(),
  'verification.runs': z.int().min(0),
  'verification.failed_runs': z.int().min(0),
  'verification.reason': z.string().optional(),
  'verification.error.type': z.string().optional(),
  'verification.error.message': z.string().optional(),
  'verification.error.fingerprint': z.string().optional(),
  'graph.node.id': z.string().optional(),
  'graph.snapshot.ref': z.string().optional(),
  'evolution.id': z.string().optional(),
  'faultline.dropped_spans': z.int().min(1).optional(),
});

/** Attributes of Span event that carries the body of a snapshot; sent with the first span that uses the ref and again every 10 minutes of use. */
export const graphSnapshotAttributes = z.looseObject({
  'graph.snapshot.ref': z.string(),
  'graph.snapshot.body': z.string(),
});

/** Attributes of Log record in the app's own logs: a failure that a span has reported, as one line. It reports no failure of its own. */
export const faultlineFailureAttributes = z.looseObject({
  'failure.id': z.string(),
  'gen_ai.agent.id': z.string(),
  'gen_ai.conversation.id': z.string().optional(),
  'graph.id': z.string(),
  'graph.run.id': z.string(),
  'graph.node.id': z.string().optional(),
  'graph.node.attempt': z.int().min(1).optional(),
  'error.type': z.string(),
  'failure.site': z.enum(constants.FAILURE_SITE_VALUES).optional(),
  'failure.class': z.enum(constants.FAILURE_CLASS_VALUES).optional(),
  'failure.severity': z.enum(constants.FAILURE_SEVERITY_VALUES).optional(),
  'failure.disposition': z.enum(constants.FAILURE_DISPOSITION_VALUES).optional(),
  'failure.condition': z.string().optional(),
});
