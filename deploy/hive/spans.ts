// Facts become spans: with ids made of Hive's own, so that a fact sent again changes no row.
import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { failureFacts } from '../../instrumentation/core/failure.ts';
import { redactorOf } from '../../instrumentation/core/redactor.ts';
import * as semconv from '../../instrumentation/semconv/attributes.ts';
import type { AttemptEnded, Fact, FailureOfHive, RunEnded, RunOfHive } from './facts.ts';
import { spanIdOf, traceIdOf } from './ids.ts';

/** How often Hive restarted the run after a failure. */
const ATTR_RESURRECTIONS = 'hive.resurrections';
/** Makes a failure one of the run instead of an operation within. */
const ATTR_OPERATION = 'gen_ai.operation.name';
const SCOPE = { name: 'faultline.hive' };

interface SpanParts {
  readonly run: RunOfHive;
  readonly id: string;
  readonly name: string;
  readonly isRoot?: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly failure?: FailureOfHive | undefined;
  /** Status message of a span that failed because of another. */
  readonly consequence?: boolean;
  readonly links?: readonly string[];
  readonly withSnapshot?: boolean;
}

/** The span of a fact. */
export function spanOf(fact: Fact, resource: Resource): ReadableSpan {
  const { run } = fact;
  switch (fact.kind) {
    case 'run_started':
      return span(resource, {
        run,
        id: spanId(run, 'start'),
        name: `${semconv.SPAN_START_GRAPH} ${run.graphId}`,
        startNs: run.startNs,
        endNs: run.startNs,
        attributes: {},
        withSnapshot: true,
      });
    case 'attempt':
      return attemptSpan(fact, resource);
    case 'operation':
      return span(resource, {
        run,
        id: spanId(run, fact.key),
        name: fact.name,
        startNs: fact.timeNs,
        endNs: fact.timeNs,
        attributes: fact.isOfRun ? { [ATTR_OPERATION]: 'invoke_workflow' } : {},
        failure: fact.failure,
      });
    case 'run_ended':
      return runSpan(fact, resource);
  }
}

function attemptSpan(fact: AttemptEnded, resource: Resource): ReadableSpan {
  const { run, key, nodeId, startNs, endNs, previous, failure } = fact;
  const attributes: Attributes = {
    [semconv.ATTR_GRAPH_NODE_ID]: nodeId,
    [semconv.ATTR_GRAPH_NODE_ATTEMPT]: fact.attempt,
    [semconv.ATTR_GRAPH_NODE_VISIT]: fact.visit,
  };
  if (fact.nodeName) attributes[semconv.ATTR_GRAPH_NODE_NAME] = fact.nodeName;
  if (fact.nodeType) attributes[semconv.ATTR_GRAPH_NODE_TYPE] = fact.nodeType;
  if (fact.maxAttempts) attributes[semconv.ATTR_GRAPH_NODE_MAX_ATTEMPTS] = fact.maxAttempts;
  return span(resource, {
    run,
    id: spanId(run, key),
    name: `${semconv.SPAN_EXECUTE_NODE} ${nodeId}`,
    startNs,
    endNs,
    attributes,
    failure,
    links: previous === undefined ? [] : [spanId(run, previous)],
  });
}

function runSpan(fact: RunEnded, resource: Resource): ReadableSpan {
  const { run, outcome, failure, rootKey, resurrections } = fact;
  const attributes: Attributes = { [semconv.ATTR_GRAPH_RUN_OUTCOME]: outcome };
  if (rootKey !== undefined) attributes[semconv.ATTR_FAILURE_ROOT_SPAN_ID] = spanId(run, rootKey);
  if (resurrections > 0) attributes[ATTR_RESURRECTIONS] = resurrections;
  if (failure?.nodeId) attributes[semconv.ATTR_GRAPH_NODE_ID] = failure.nodeId;
  return span(resource, {
    run,
    id: spanId(run, 'run'),
    name: `${semconv.SPAN_EXECUTE_GRAPH} ${run.graphId}`,
    isRoot: true,
    startNs: run.startNs,
    endNs: fact.endNs,
    attributes,
    failure,
    consequence: rootKey !== undefined,
    withSnapshot: true,
  });
}

function span(resource: Resource, parts: SpanParts): ReadableSpan {
  const { run, startNs, endNs, failure, links = [] } = parts;
  const traceId = traceIdOf(run.key);
  const context = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
  const attributes = { ...sharedAttributes(run), ...parts.attributes };
  const events: ReadableSpan['events'] = [];
  let status: ReadableSpan['status'] = { code: SpanStatusCode.UNSET };
  if (parts.consequence) status = { code: SpanStatusCode.ERROR };
  if (failure) {
    const reported = report(failure);
    Object.assign(attributes, reported.attributes);
    events.push({ name: 'exception', time: hrTime(endNs), attributes: reported.event });
    status = { code: SpanStatusCode.ERROR, message: reported.message };
  }
  if (parts.withSnapshot && Buffer.byteLength(run.snapshot.body) <= MAX_BODY) {
    const snapshot = {
      [semconv.ATTR_GRAPH_SNAPSHOT_REF]: run.snapshot.ref,
      [semconv.ATTR_GRAPH_SNAPSHOT_BODY]: run.snapshot.body,
    };
    events.push({
      name: semconv.EVENT_GRAPH_SNAPSHOT,
      time: hrTime(startNs),
      attributes: snapshot,
    });
  }
  return {
    name: parts.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context(parts.id),
    ...(!parts.isRoot && { parentSpanContext: context(spanId(run, 'run')) }),
    startTime: hrTime(startNs),
    endTime: hrTime(endNs),
    duration: hrTime(endNs - startNs),
    status,
    attributes,
    events,
    links: links.map((id) => ({ context: context(id) })),
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const MAX_BODY = semconv.MAX_BYTES['graph.snapshot.body'];

/** Redacted and bounded as in every other instrumentation. */
function report(failure: FailureOfHive): {
  attributes: Attributes;
  event: Attributes;
  message: string;
} {
  const { message, type, stack, state, evidence } = failure;
  const error = { name: type, message, ...(stack && { stack }) };
  const context = {
    ...('input' in failure && { input: failure.input }),
    ...(state && { state }),
    ...(evidence && { evidence }),
  };
  const facts = failureFacts(error, context, redactorOf());
  const attributes: Attributes = { ...facts.attributes, [semconv.ATTR_FAILURE_SITE]: failure.site };
  const optional: Attributes = {
    [semconv.ATTR_FAILURE_CLASS]: failure.class,
    [semconv.ATTR_FAILURE_SEVERITY]: failure.severity ?? SEVERITY_OF[failure.disposition ?? ''],
    [semconv.ATTR_FAILURE_DISPOSITION]: failure.disposition,
    [semconv.ATTR_FAILURE_CONDITION]: failure.condition,
  };
  for (const [name, value] of Object.entries(optional)) {
    if (value !== undefined) attributes[name] = value;
  }
  return { attributes, event: facts.exceptionEvent, message: facts.message };
}

const SEVERITY_OF: Record<string, string | undefined> = {
  retried: 'warning',
  routed: 'minor',
  degraded: 'minor',
  terminal: 'major',
  escalated: 'major',
};

function sharedAttributes(run: RunOfHive): Attributes {
  return {
    [semconv.ATTR_GEN_AI_AGENT_ID]: run.agentId,
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: run.sessionId,
    [semconv.ATTR_GRAPH_ID]: run.graphId,
    [semconv.ATTR_GRAPH_RUN_ID]: run.runId,
    [semconv.ATTR_GRAPH_SNAPSHOT_REF]: run.snapshot.ref,
  };
}

function spanId(run: RunOfHive, key: string): string {
  return spanIdOf(run.key, key);
}

function hrTime(ns: bigint): [number, number] {
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
}
