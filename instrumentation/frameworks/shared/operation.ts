// A failed call of a model or a tool inside a node: a span below the node's attempt, a failure of level
// `operation`. Calls that succeed are not reported.
import { context as otelContext, SpanKind, trace } from '@opentelemetry/api';
import { type FailureDetails, type NodeAttempt, reportFailure } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import type { PlaceInRun } from '../../core/run.ts';
import type { FailureDisposition } from '../../semconv/attributes.ts';
import * as semconv from '../../semconv/attributes.ts';

/** Where an operation runs; without a node around it, it belongs to the run. */
export type OperationPlace = PlaceInRun;

/** What failed. */
export interface FailedOperation {
  /** `gen_ai.operation.name`: `chat`, `execute_tool`, … */
  readonly kind: string;
  /** The model or the tool. */
  readonly target: string;
  readonly error: unknown;
  readonly details: FailureDetails;
  readonly disposition?: FailureDisposition | undefined;
  /** Milliseconds since the epoch. @default now */
  readonly startTime?: number | undefined;
}

const TARGET_KEYS: Readonly<Record<string, string>> = {
  chat: 'gen_ai.request.model',
  execute_tool: 'gen_ai.tool.name',
};

/** Sends the span of a failed operation. */
export function reportOperation(place: OperationPlace, operation: FailedOperation): void {
  const { run, identity, attempt } = place;
  const { kind, target, disposition, startTime } = operation;
  if (attempt) dropCalls(attempt, operation.error);
  const parent = trace.setSpan(otelContext.active(), attempt?.span ?? run.span);
  const span = place.tracer.startSpan(
    target === '' ? kind : `${kind} ${target}`,
    { kind: SpanKind.INTERNAL, ...(startTime !== undefined && { startTime }) },
    parent,
  );
  span.setAttributes({
    [semconv.ATTR_GEN_AI_AGENT_ID]: identity.agentId,
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: identity.sessionId,
    [semconv.ATTR_GRAPH_ID]: identity.graphId,
    [semconv.ATTR_GRAPH_RUN_ID]: run.runId,
    [semconv.ATTR_GRAPH_SNAPSHOT_REF]: identity.snapshot.ref,
    [semconv.ATTR_GRAPH_NODE_ID]: attempt?.nodeId,
    [semconv.ATTR_GRAPH_NODE_ATTEMPT]: attempt?.attempt,
    [semconv.ATTR_GRAPH_NODE_VISIT]: attempt?.visit,
    'gen_ai.operation.name': kind,
    [TARGET_KEYS[kind] ?? 'gen_ai.tool.name']: target || undefined,
    [semconv.ATTR_FAILURE_DISPOSITION]: disposition,
  });
  const severity = disposition === 'retried' ? 'warning' : 'minor';
  reportFailure(span, operation.error, { severity, ...operation.details }, run.redactor);
  span.end();
}

/**
 * Failed calls of one framework inside a node of another, such as a tool of an MCP server that a node of LangGraph
 * calls: the node's own framework may report the same failure, or the node may fail by it.
 */
const waiting = new WeakMap<object, FailedOperation[]>();

/** Keeps a failed call until the node's attempt has ended. */
export function holdCall(attempt: object, operation: FailedOperation): void {
  const held = waiting.get(attempt);
  if (held) held.push(operation);
  else waiting.set(attempt, [operation]);
}

/** An error that is reported elsewhere: the calls that it speaks of are not reported again. */
export function dropCalls(attempt: object, error: unknown): void {
  const held = waiting.get(attempt);
  if (held) {
    waiting.set(
      attempt,
      held.filter((call) => !speaksOf(error, call.error)),
    );
  }
}

/** The calls that nobody else reported. */
export function takeCalls(attempt: NodeAttempt): FailedOperation[] {
  const held = waiting.get(attempt) ?? [];
  waiting.delete(attempt);
  return held;
}

function speaksOf(error: unknown, inner: unknown): boolean {
  const seen = new Set<unknown>([error]);
  const message = readProperty(inner, 'message');
  const quoted = typeof message === 'string' && message !== '' ? message : undefined;
  // A set is walked in the order of its members, those that are added on the way included.
  for (const one of seen) {
    if (one === inner) return true;
    const text = typeof one === 'string' ? one : readProperty(one, 'message');
    if (quoted !== undefined && typeof text === 'string' && text.includes(quoted)) return true;
    const cause = readProperty(one, 'cause');
    if (cause !== undefined && cause !== null) seen.add(cause);
  }
  return false;
}
