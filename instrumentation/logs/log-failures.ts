// Writes each failure into the app's own logs, so that they and the history agree.
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { guarded, sayOnce } from '../core/guard.ts';
import { observeRuns } from '../core/observer.ts';
import * as semconv from '../semconv/attributes.ts';
import { variable } from '../semconv/variables.ts';
import { describeFailure } from './describe.ts';
import { lineOf } from './line.ts';
import type { FailureLog, FailureLogOptions, LoggerLike, OtelLogger } from './types.ts';

type Sink = (failure: FailureLog, line: string) => unknown;

/** Severity numbers of OpenTelemetry's Logs data model. */
const WARN = 13;
const ERROR = 17;
const sinks = new Set<Sink>();
let readEnvironment = false;

observeRuns((run) => ({
  failureReported(span, failure, attempt) {
    if (!areFailuresLogged()) return;
    logFailure(describeFailure(span, failure, run.ids, attempt, run.redactor));
  },
}));

/**
 * Logs each failure of the process, as one line or as an object, when what happened next is known: of
 * graphs that are recorded by themselves too. Failures of level operation (a condition that gave no
 * verdict) are not logged. Whatever the given functions do, nothing reaches the agent.
 * @returns stops it
 * @throws {TypeError} if `logTo` is nothing that can be logged to
 *
 * ```ts
 * logFailures({ logTo: pino() });
 * ```
 */
export function logFailures(options: FailureLogOptions): () => void {
  const { logTo, onFailure } = options;
  const added = [logTo === undefined ? undefined : sinkOf(logTo), onFailure].filter(
    (sink) => sink !== undefined,
  );
  // Given twice it is logged twice.
  const own = added.map(
    (sink): Sink =>
      (failure, line) =>
        sink(failure, line),
  );
  for (const sink of own) sinks.add(sink);
  return () => {
    for (const sink of own) sinks.delete(sink);
  };
}

/** Whether anything logs failures. */
function areFailuresLogged(): boolean {
  if (!readEnvironment) {
    readEnvironment = true;
    const given = variable('FAULTLINE_LOG_FAILURES');
    if (given === 'console') logFailures({ logTo: 'console' });
    else if (given)
      sayOnce(
        'FAULTLINE_LOG_FAILURES',
        `FAULTLINE_LOG_FAILURES must be console, got ${JSON.stringify(given)}`,
      );
  }
  return sinks.size > 0;
}

/** Logs a failure everywhere. Never throws. */
function logFailure(failure: FailureLog): void {
  const line = guarded(() => lineOf(failure), `failure ${failure.failure_id}`);
  for (const sink of sinks) {
    try {
      const logged = sink(failure, line);
      if (logged instanceof Promise) logged.catch(complain);
    } catch (error) {
      complain(error);
    }
  }
}

function complain(error: unknown): void {
  const why = guarded(() => String((error as Error)?.message ?? error), 'an unreadable error');
  sayOnce('logs', `the logger that failures are written to threw, and the agent goes on: ${why}`);
}

function sinkOf(logTo: NonNullable<FailureLogOptions['logTo']>): Sink {
  if (logTo === 'console') {
    return (failure, line) => (isGrave(failure) ? console.error(line) : console.warn(line));
  }
  if (typeof logTo === 'function') return (failure, line) => logTo(line, failure);
  const logger = logTo as LoggerLike;
  if (typeof logger?.error === 'function' && typeof logger.warn === 'function') {
    return (failure, line) =>
      isGrave(failure) ? logger.error({ ...failure }, line) : logger.warn({ ...failure }, line);
  }
  // After the others: pino's loggers emit events too.
  if (typeof (logTo as OtelLogger)?.emit === 'function') return otelSink(logTo as OtelLogger);
  throw new TypeError(
    "logTo must be 'console', a function, a logger with warn and error, or one of OpenTelemetry's Logs API",
  );
}

/** Without `exception.*`: with them it would be one more report of the exception for any backend. */
function otelSink(logger: OtelLogger): Sink {
  return (failure, line) => {
    const isError = isGrave(failure);
    const spanContext = {
      traceId: failure.trace_id,
      spanId: failure.span_id,
      traceFlags: TraceFlags.SAMPLED,
    };
    const attributes = {
      [semconv.ATTR_FAILURE_ID]: failure.failure_id,
      [semconv.ATTR_GEN_AI_AGENT_ID]: failure.agent_id,
      [semconv.ATTR_GEN_AI_CONVERSATION_ID]: failure.session_id,
      [semconv.ATTR_GRAPH_ID]: failure.graph_id,
      [semconv.ATTR_GRAPH_RUN_ID]: failure.run_id,
      [semconv.ATTR_GRAPH_NODE_ID]: failure.node_id,
      [semconv.ATTR_GRAPH_NODE_ATTEMPT]: failure.attempt,
      [semconv.ATTR_ERROR_TYPE]: failure.error_type,
      [semconv.ATTR_FAILURE_SITE]: failure.site,
      [semconv.ATTR_FAILURE_CLASS]: failure.class,
      [semconv.ATTR_FAILURE_SEVERITY]: failure.severity,
      [semconv.ATTR_FAILURE_DISPOSITION]: failure.disposition,
      [semconv.ATTR_FAILURE_CONDITION]: failure.condition,
    };
    logger.emit({
      eventName: semconv.EVENT_FAULTLINE_FAILURE,
      timestamp: new Date(failure.timestamp),
      severityNumber: isError ? ERROR : WARN,
      severityText: isError ? 'ERROR' : 'WARN',
      body: line,
      attributes: Object.fromEntries(
        Object.entries(attributes).filter(([, value]) => value !== undefined),
      ),
      context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
    });
  };
}

/** What was tried again or made good is a warning. */
function isGrave({ severity }: FailureLog): boolean {
  return severity === undefined || severity === 'critical' || severity === 'major';
}
