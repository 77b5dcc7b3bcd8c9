import type { HrTime, Span } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { NodeAttempt, ToldFailure } from '../core/attempt.ts';
import { readProperty } from '../core/exception.ts';
import { guarded } from '../core/guard.ts';
import type { Redactor } from '../redaction/index.ts';
import { failureIdOf } from './failure-id.ts';
import type { FailureLog } from './types.ts';

/** Whose run it was. */
export interface IdsOfRun {
  readonly agentId: string;
  readonly graphId: string;
  readonly runId: string;
  readonly sessionId: string | undefined;
}

/** A failure for the app's logs; what the app named is redacted too. */
export function describeFailure(
  span: Span,
  told: ToldFailure,
  ids: IdsOfRun,
  attempt: NodeAttempt | undefined,
  redactor: Redactor,
): FailureLog {
  const clean = (text: string) => guarded(() => String(redactor(text).value), '[redaction failed]');
  const optional = (text: string | undefined) => (text === undefined ? undefined : clean(text));
  const spanContext = span.spanContext();
  return {
    failure_id: failureIdOf(spanContext),
    timestamp: new Date(endOf(span)).toISOString(),
    trace_id: spanContext.traceId,
    span_id: spanContext.spanId,
    agent_id: clean(ids.agentId),
    graph_id: clean(ids.graphId),
    run_id: clean(ids.runId),
    session_id: optional(ids.sessionId),
    node_id: optional(attempt?.nodeId),
    attempt: attempt?.attempt,
    max_attempts: attempt?.maxAttempts,
    site: told.site,
    class: told.class,
    severity: told.severity,
    disposition: told.disposition,
    condition: told.condition,
    error_type: told.errorType,
    message: told.message,
  };
}

/** When the span ended, in milliseconds, as spans of the SDK and of ours tell it. */
function endOf(span: Span): number {
  const ended = readProperty(span, 'endTime');
  return Array.isArray(ended) ? hrTimeToMilliseconds(ended as HrTime) : Date.now();
}
