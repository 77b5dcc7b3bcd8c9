// A failed call of a model or a tool inside a node: a span below the node's attempt, a failure of level
// `operation`. Calls that succeed are not reported.
import { context as otelContext, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { type FailureDetails, type NodeAttempt, reportFailure } from '../../core/attempt.ts';
import type { GraphRun, RunIdentity } from '../../core/run.ts';
import type { FailureDisposition } from '../../semconv/attributes.ts';
import * as semconv from '../../semconv/attributes.ts';

/** Where an operation runs. */
export interface OperationPlace {
  readonly run: GraphRun;
  readonly identity: RunIdentity;
  readonly tracer: Tracer;
  /** The node around it; without one it belongs to the run. */
  readonly attempt?: NodeAttempt | undefined;
}

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
export function tellOperation(place: OperationPlace, operation: FailedOperation): void {
  const { run, identity, attempt } = place;
  const { kind, target, disposition, startTime } = operation;
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
