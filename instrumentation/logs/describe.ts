import type { HrTime, Span } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import type { NodeAttempt, ReportedFailure } from '../core/attempt.ts';
import { readProperty } from '../core/exception.ts';
import { guarded } from '../core/guard.ts';
import type { RunIds } from '../core/observer.ts';
import type { Redactor } from '../redaction/index.ts';
import { failureId } from '../semconv/failure-id.ts';
import type { FailureLog } from './types.ts';

/** A failure for the app's logs; what the app named is redacted too. */
export function describeFailure(
  span: Span,
  failure: ReportedFailure,
  ids: RunIds,
  attempt: NodeAttempt | undefined,
  redactor: Redactor,
): FailureLog {
  const clean = (text: string) => guarded(() => String(redactor(text).value), '[redaction failed]');
  const optional = (text: string | undefined) => (text === undefined ? undefined : clean(text));
  const spanContext = span.spanContext();
  return {
    failure_id: failureId(spanContext.traceId, spanContext.spanId),
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
    site: failure.site,
    class: failure.class,
    severity: failure.severity,
    disposition: failure.disposition,
    condition: failure.condition,
    error_type: failure.errorType,
    message: failure.message,
  };
}

/** When the span ended, in milliseconds, as spans of the SDK and of ours have it. */
function endOf(span: Span): number {
  const ended = readProperty(span, 'endTime');
  return Array.isArray(ended) ? hrTimeToMilliseconds(ended as HrTime) : Date.now();
}
