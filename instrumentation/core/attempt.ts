// One node attempt as a span.
//
// An attempt is open, then settled: succeeded, stopped (paused or cancelled, no failure) or failed. A
// failed attempt whose future is not known yet (will the executor try again?) is reported but not settled
// until `settle` names its disposition. One that returned is held while conditions look at what it
// returned, until `conclude` says what they found.
import { type Span, SpanStatusCode } from '@opentelemetry/api';
import type { Redactor } from '../redaction/index.ts';
import type {
  FailureClass,
  FailureDisposition,
  FailureSeverity,
  FailureSite,
} from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';
import { type FailureContext, failureFacts, redactedMessage } from './failure.ts';

/** One try of one node. */
export interface AttemptStart {
  readonly nodeId: string;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  /** From 1. @default the next one: after a failed attempt of this node one more, else 1 */
  readonly attempt?: number | undefined;
  /** How many tries the executor allows, if known. */
  readonly maxAttempts?: number | undefined;
  /** From 1. @default counted by the run */
  readonly visit?: number | undefined;
  /** Links to this attempt's span. @default the attempt before it, if this is a retry */
  readonly previous?: NodeAttempt | undefined;
  /** The attempt inside which this one runs (a node of a subgraph). */
  readonly inside?: NodeAttempt | undefined;
  /** When it started, as milliseconds since the epoch. @default now */
  readonly startTime?: number | undefined;
}

/** What is known about a failure beyond its error. */
export interface FailureDetails extends FailureContext {
  /** @default 'node.raise' for a node, 'run' for a run */
  readonly site?: FailureSite | undefined;
  readonly class?: FailureClass | undefined;
  readonly severity?: FailureSeverity | undefined;
  /** Name of the custom failure condition that fired. */
  readonly condition?: string | undefined;
}

/** A failure as a span reports it. */
export interface ReportedFailure extends FailureDetails {
  readonly errorType: string;
  /** Redacted. */
  readonly message: string;
  readonly disposition?: FailureDisposition | undefined;
}

/** How an attempt ended: lost are those whose work nobody did again. */
export type AttemptEnd = 'succeeded' | 'stopped' | 'made good' | 'lost';

/** What an attempt reports to its run. */
export interface RunOfAttempt {
  /** It waits for {@link NodeAttempt.conclude}. */
  held(attempt: NodeAttempt): void;
  /**
   * It failed: describes the failure on its span.
   * @returns `undefined` if an attempt inside it has reported the error already
   */
  failed(
    attempt: NodeAttempt,
    error: unknown,
    details: FailureDetails,
  ): ReportedFailure | undefined;
  /** Its span has ended, and what happened after its failure is known. */
  settled(attempt: NodeAttempt, end: AttemptEnd, failure?: ReportedFailure): void;
}

/** One try of one node; made by `GraphRun.attempt`. */
export class NodeAttempt {
  readonly span: Span;
  readonly nodeId: string;
  readonly attempt: number;
  readonly visit: number;
  readonly maxAttempts: number | undefined;
  readonly #run: RunOfAttempt;
  readonly #inside: NodeAttempt | undefined;
  readonly #started = performance.now();
  #state: 'open' | 'held' | 'reported' | 'settled' = 'open';
  #failed = false;
  /** Unless it is the consequence of a failure that another attempt reported. */
  #reported: ReportedFailure | undefined;
  #endTime: number | undefined;

  constructor(
    run: RunOfAttempt,
    span: Span,
    numbers: { attempt: number; visit: number },
    start: AttemptStart,
  ) {
    this.#run = run;
    this.span = span;
    this.nodeId = start.nodeId;
    this.attempt = numbers.attempt;
    this.visit = numbers.visit;
    this.maxAttempts = start.maxAttempts;
    this.#inside = start.inside;
  }

  /** Whether it still runs, as far as is known. */
  get open(): boolean {
    return this.#state === 'open';
  }

  /** Milliseconds since it started. */
  get durationMs(): number {
    return performance.now() - this.#started;
  }

  /** Whether it has failed in the eyes of the executor: a condition's verdict does not count. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether it ran inside `other`, at any depth. */
  ranInside(other: NodeAttempt): boolean {
    return this.#inside === other || (this.#inside?.ranInside(other) ?? false);
  }

  /** It returned. */
  succeed(): void {
    if (this.#state === 'open') this.#settle('succeeded');
  }

  /** It returned now; {@link conclude} must follow. */
  hold(): void {
    if (this.#state !== 'open') return;
    this.#state = 'held';
    this.#endTime = Date.now();
    this.#run.held(this);
  }

  /** It returned, and conditions found a failure in what it returned, or none. */
  conclude(failure?: { error: unknown; details: FailureDetails }): void {
    if (this.#state === 'held') this.#state = 'open';
    if (!failure) {
      this.succeed();
      return;
    }
    if (this.#state !== 'open') return;
    const endTime = this.#endTime;
    try {
      this.report(failure.error, {
        ...failure.details,
        site: failure.details.site ?? 'node.result',
      });
    } finally {
      this.#failed = false;
      this.#endTime = endTime ?? this.#endTime;
      // The executor took what the node returned and went on.
      this.settle('degraded');
    }
  }

  /** It was paused or cancelled, or another node's failure stopped it: no failure of its own. */
  stop(): void {
    if (this.#state === 'reported') this.settle(undefined);
    else if (this.#state === 'open') this.#settle('stopped');
  }

  /** It failed, and `disposition` is what happens next, if known. */
  fail(error: unknown, details: FailureDetails = {}, disposition?: FailureDisposition): void {
    this.report(error, details);
    this.settle(disposition);
  }

  /**
   * It failed just now, and what happens next is not known yet. Reads input and state at once;
   * {@link settle} must follow. An error that an attempt inside this one has reported is not reported
   * again: this attempt only names that one's span.
   */
  report(error: unknown, details: FailureDetails = {}): void {
    if (this.#state !== 'open') return;
    this.#state = 'reported';
    this.#failed = true;
    this.#endTime = Date.now();
    this.#reported = this.#run.failed(this, error, details);
  }

  /** Names what happened after the failure and ends the span at the time of the failure. */
  settle(disposition: FailureDisposition | undefined): void {
    if (this.#state !== 'reported') return;
    let reported = this.#reported;
    if (reported) {
      const severity = reported.severity ?? (disposition && SEVERITY_OF[disposition]);
      if (disposition) this.span.setAttribute(semconv.ATTR_FAILURE_DISPOSITION, disposition);
      if (severity) this.span.setAttribute(semconv.ATTR_FAILURE_SEVERITY, severity);
      reported = { ...reported, severity, disposition };
    }
    const isLost = disposition !== 'retried' && disposition !== 'recovered';
    this.#settle(isLost ? 'lost' : 'made good', reported);
  }

  #settle(end: AttemptEnd, failure?: ReportedFailure): void {
    this.#state = 'settled';
    this.span.end(this.#endTime);
    this.#run.settled(this, end, failure);
  }
}

/** How bad a failure is when nothing but its disposition is known. */
const SEVERITY_OF: Partial<Record<FailureDisposition, FailureSeverity>> = {
  retried: 'warning',
  recovered: 'warning',
  routed: 'minor',
  degraded: 'minor',
  terminal: 'major',
};

/** Names on a span the node and which attempt of it this is. */
export function describeNode(
  span: Span,
  start: AttemptStart,
  numbers: { attempt: number; visit: number },
): void {
  span.setAttribute(semconv.ATTR_GRAPH_NODE_ID, start.nodeId);
  span.setAttribute(semconv.ATTR_GRAPH_NODE_ATTEMPT, numbers.attempt);
  span.setAttribute(semconv.ATTR_GRAPH_NODE_VISIT, numbers.visit);
  if (start.name) span.setAttribute(semconv.ATTR_GRAPH_NODE_NAME, start.name);
  if (start.type) span.setAttribute(semconv.ATTR_GRAPH_NODE_TYPE, start.type);
  const { maxAttempts } = start;
  if (maxAttempts) span.setAttribute(semconv.ATTR_GRAPH_NODE_MAX_ATTEMPTS, maxAttempts);
}

/** Marks a span as failed because of a failure that another span has reported. */
export function reportConsequence(
  span: Span,
  error: unknown,
  root: NodeAttempt,
  redactor: Redactor,
): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: redactedMessage(error, redactor) });
  span.setAttribute(semconv.ATTR_FAILURE_ROOT_SPAN_ID, root.span.spanContext().spanId);
}

/** Describes a failure on a span and marks the span as failed. */
export function reportFailure(
  span: Span,
  error: unknown,
  details: FailureDetails,
  redactor: Redactor,
): ReportedFailure {
  // First, so that a failure stays one even if describing it goes wrong.
  span.setStatus({ code: SpanStatusCode.ERROR });
  const facts = failureFacts(error, details, redactor);
  span.setAttributes(facts.attributes);
  if (details.site) span.setAttribute(semconv.ATTR_FAILURE_SITE, details.site);
  if (details.class) span.setAttribute(semconv.ATTR_FAILURE_CLASS, details.class);
  if (details.severity) span.setAttribute(semconv.ATTR_FAILURE_SEVERITY, details.severity);
  if (details.condition) span.setAttribute(semconv.ATTR_FAILURE_CONDITION, details.condition);
  span.addEvent('exception', facts.exceptionEvent);
  span.setStatus({ code: SpanStatusCode.ERROR, message: facts.message });
  const { site, class: why, severity, condition } = details;
  const errorType = String(facts.attributes[semconv.ATTR_ERROR_TYPE] ?? '');
  const { message } = facts;
  return { site, class: why, severity, condition, errorType, message, disposition: undefined };
}
