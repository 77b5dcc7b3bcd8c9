// One run of a graph and its node attempts as spans. Every executor's instrumentation stands on this.
//
// A run is open, then ended; its attempts are in attempt.ts.
import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Redactor } from '../redaction/index.ts';
import type { GraphRunOutcome } from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';
import {
  type AttemptStart,
  describeNode,
  type FailureDetails,
  NodeAttempt,
  type ReportedFailure,
  type RunOfAttempt,
  reportConsequence,
  reportFailure,
} from './attempt.ts';
import { guarded } from './guard.ts';
import {
  type Failure,
  type GraphObserverOptions,
  type NodeObserverOptions,
  type ObservedRun,
  Observers,
  type Returned,
  type RunIds,
} from './observer.ts';
import { redactorOf } from './redactor.ts';
import { ReportedErrors } from './reported-errors.ts';
import { type Snapshot, SnapshotAnnouncer } from './snapshot.ts';

/** Whose run it is. */
export interface RunIdentity {
  readonly agentId: string;
  readonly agentName?: string | undefined;
  readonly graphId: string;
  readonly snapshot: Snapshot;
  /** The conversation that the run belongs to. */
  readonly sessionId?: string | undefined;
  /** @default a random UUID */
  readonly runId?: string | undefined;
}

/** How spans are made, and what observers of the run read. */
export interface RunMeans extends GraphObserverOptions {
  readonly tracer: Tracer;
  /** The context whose span becomes the parent. @default the active one */
  readonly parent?: Context | undefined;
  /** Instead of {@link redact}; the lists of the environment hold besides it. */
  readonly redactor?: Redactor | undefined;
  /** @default one for the process */
  readonly announcer?: SnapshotAnnouncer | undefined;
}

/** Where something runs: the node around it, if there is one. */
export interface PlaceInRun {
  readonly run: GraphRun;
  readonly identity: RunIdentity;
  readonly tracer: Tracer;
  readonly attempt?: NodeAttempt | undefined;
}

const announcerOfProcess = new SnapshotAnnouncer();
const PATH_KEPT = 100;

interface NodeHistory {
  visits: number;
  retries: number;
  last?: NodeAttempt;
}

/** A run of a graph: sends its start signal when made, its span when ended. */
export class GraphRun implements ObservedRun {
  readonly runId: string;
  readonly ids: RunIds;
  readonly redactor: Redactor;
  /** Names of what the nodes share, for `failure.state`. */
  stateKeys: readonly string[] | undefined;
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #parent: Context;
  /** With the run's span: most attempts start in it. */
  readonly #inRun: Context;
  readonly #identity: RunIdentity;
  readonly #announcer: SnapshotAnnouncer;
  readonly #shared: Attributes;
  readonly #path: string[] = [];
  #pathLength = 0;
  readonly #nodes = new Map<string, NodeHistory>();
  readonly #open = new Set<NodeAttempt>();
  readonly #held = new Set<NodeAttempt>();
  readonly #waiting: (() => void)[] = [];
  readonly #reported = new ReportedErrors();
  readonly #observers: Observers;
  readonly #started = performance.now();
  #failures = 0;
  #lost = false;
  #ended = false;

  constructor(identity: RunIdentity, means: RunMeans) {
    this.#identity = identity;
    this.#tracer = means.tracer;
    this.#parent = means.parent ?? context.active();
    this.redactor = redactorOf(means.redactor);
    this.#announcer = means.announcer ?? announcerOfProcess;
    this.runId = identity.runId ?? randomUUID();
    this.#shared = sharedAttributes(identity, this.runId);
    const { agentId, graphId, sessionId } = identity;
    this.ids = { agentId, graphId, runId: this.runId, sessionId };
    this.#observers = new Observers(this, means);
    const now = Date.now();
    this.#span = this.#start(semconv.SPAN_EXECUTE_GRAPH, identity.graphId, this.#parent, now);
    this.#inRun = trace.setSpan(this.#parent, this.#span);
    const signal = this.#start(semconv.SPAN_START_GRAPH, identity.graphId, this.#inRun, now);
    // The signal leaves first, so the graph goes with it.
    this.#announcer.announce(this.#tracer, signal, identity.snapshot);
    signal.end(now);
  }

  /** The span of the run; it must not be made active where that would turn sampling on. */
  get span(): Span {
    return this.#span;
  }

  /** Where a failed operation of the run is reported from. */
  placeOf(attempt?: NodeAttempt): PlaceInRun {
    return { run: this, identity: this.#identity, tracer: this.#tracer, attempt };
  }

  /** Starts the span of one attempt. */
  attempt(start: AttemptStart): NodeAttempt {
    const history = this.#nodes.get(start.nodeId) ?? { visits: 0, retries: 0 };
    this.#nodes.set(start.nodeId, history);
    const numbers = numberOf(start, history);
    if (numbers.attempt > 1) history.retries += 1;
    history.visits = Math.max(history.visits, numbers.visit);
    this.#pathLength += 1;
    this.#path.push(start.nodeId);
    if (this.#path.length > PATH_KEPT) this.#path.shift();
    const parent = this.#within(start.inside?.span);
    const span = this.#start(semconv.SPAN_EXECUTE_NODE, start.nodeId, parent, start.startTime);
    this.#announcer.announce(this.#tracer, span, this.#identity.snapshot);
    describeNode(span, start, numbers);
    const previous = start.previous ?? (numbers.attempt > 1 ? history.last : undefined);
    if (previous) span.addLink({ context: previous.span.spanContext() });
    const attempt = new NodeAttempt(this.#ofAttempts, span, numbers, start);
    history.last = attempt;
    this.#open.add(attempt);
    return attempt;
  }

  /**
   * A node returned: the attempt succeeded, unless one of its conditions says otherwise. That may come
   * a little later; the run's span then waits for it.
   * @param options what observers read of this node alone
   */
  returned(
    attempt: NodeAttempt,
    returned: Returned & NodeObserverOptions,
    options: NodeObserverOptions = returned,
  ): void {
    if (!this.#observers.nodeReturned(attempt, returned, options)) attempt.conclude();
  }

  /**
   * Ends a run whose function returned `output`: as `end(outcome)` does, unless one of the conditions of
   * the run says that it failed.
   */
  finish(output: unknown, outcome?: GraphRunOutcome): void {
    if (!this.#observers.runReturned(output, outcome)) this.end(outcome);
  }

  /**
   * Ends the run. With an error that no node attempt has reported yet, the run's span reports it; with
   * one that was reported, the span says that the run failed and names the failure's span.
   * @param outcome @default 'failure' with an error; without one 'degraded' if a node was lost on
   *   the way, else 'success'
   * @param endTime milliseconds since the epoch. @default now
   */
  end(
    outcome?: GraphRunOutcome,
    failure?: { error: unknown } & FailureDetails,
    endTime?: number,
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    let ended = endTime;
    this.whenConcluded(() => {
      guarded(() => this.#close(outcome, failure, ended), undefined);
    });
    ended ??= Date.now();
  }

  #close(
    outcome: GraphRunOutcome | undefined,
    failure: ({ error: unknown } & FailureDetails) | undefined,
    endTime: number | undefined,
  ): void {
    for (const attempt of this.#open) attempt.stop();
    const ended = outcome ?? (failure ? 'failure' : this.#lost ? 'degraded' : 'success');
    this.#span.setAttribute(semconv.ATTR_GRAPH_RUN_OUTCOME, ended);
    const reported = failure && this.#fail(failure);
    this.#span.end(endTime);
    if (reported) this.#observers.failureReported(this.#span, reported, undefined);
  }

  /**
   * The attempt that reported the error, or every error under an AggregateError; with `inside`, only
   * one that ran inside that attempt.
   */
  reportedBy(error: unknown, inside?: NodeAttempt): NodeAttempt | undefined {
    return this.#reported.reporterOf(error, inside);
  }

  /** How many attempts failed. */
  get failures(): number {
    return this.#failures;
  }

  /** The attempts that run now, without those that others run inside of. */
  running(): NodeAttempt[] {
    const open = [...this.#open].filter((attempt) => attempt.open);
    return open.filter((outer) => !open.some((inner) => inner.ranInside(outer)));
  }

  get steps(): number {
    return this.#pathLength;
  }

  get durationMs(): number {
    return performance.now() - this.#started;
  }

  whenConcluded(work: () => void): void {
    if (this.#held.size === 0) work();
    else this.#waiting.push(work);
  }

  failOperation(spanName: string, target: string, failure: Failure, inside?: Span): void {
    const span = this.#start(spanName, target, this.#within(inside));
    reportFailure(span, failure.error, failure.details, this.redactor);
    span.end();
  }

  readonly #ofAttempts: RunOfAttempt = {
    held: (attempt) => {
      this.#held.add(attempt);
    },
    failed: (attempt, error, details) => {
      this.#failures += 1;
      this.#observers.attemptEnded(attempt, { error, details });
      const root = this.#reported.reporterOf(error, attempt);
      if (root) {
        reportConsequence(attempt.span, error, root, this.redactor);
        return undefined;
      }
      this.#reported.add(error, attempt);
      const site = details.site ?? 'node.raise';
      const known = { state: this.#state(), ...details, site };
      return reportFailure(attempt.span, error, known, this.redactor);
    },
    settled: (attempt, end, failure) => {
      this.#open.delete(attempt);
      if (end === 'lost') this.#lost = true;
      if (end === 'succeeded') this.#observers.attemptEnded(attempt, undefined);
      if (failure) this.#observers.failureReported(attempt.span, failure, attempt);
      if (!this.#held.delete(attempt) || this.#held.size > 0) return;
      for (const work of this.#waiting.splice(0)) work();
    },
  };

  /** Path so far, visits, retries and the names of the shared state. */
  #state(): Record<string, unknown> {
    const visits: [string, number][] = [];
    const retries: [string, number][] = [];
    for (const [id, node] of this.#nodes) {
      if (node.visits > 0) visits.push([id, node.visits]);
      if (node.retries > 0) retries.push([id, node.retries]);
    }
    return {
      path: [...this.#path],
      path_length: this.#pathLength,
      visits: Object.fromEntries(visits),
      retries: Object.fromEntries(retries),
      ...(this.stateKeys && { state_keys: this.stateKeys }),
    };
  }

  #within(span: Span | undefined): Context {
    return span ? trace.setSpan(this.#parent, span) : this.#inRun;
  }

  #start(kind: string, id: string, parent: Context, startTime?: number): Span {
    const options: SpanOptions = { kind: SpanKind.INTERNAL, attributes: this.#shared };
    if (startTime !== undefined) options.startTime = startTime;
    return this.#tracer.startSpan(`${kind} ${id}`, options, parent);
  }

  #fail({ error, ...details }: { error: unknown } & FailureDetails): ReportedFailure | undefined {
    const root = this.#reported.reporterOf(error);
    if (root) {
      reportConsequence(this.#span, error, root, this.redactor);
      return undefined;
    }
    const known = { state: this.#state(), ...details, site: details.site ?? 'run' } as const;
    return reportFailure(this.#span, error, known, this.redactor);
  }
}

function numberOf(start: AttemptStart, history: NodeHistory): { attempt: number; visit: number } {
  const last = history.last;
  const spent = last?.maxAttempts !== undefined && last.attempt >= last.maxAttempts;
  const retry = start.attempt === undefined ? !!last?.failed && !spent : start.attempt > 1;
  return {
    attempt: start.attempt ?? (retry ? (last?.attempt ?? 0) + 1 : 1),
    visit: start.visit ?? (retry ? Math.max(history.visits, 1) : history.visits + 1),
  };
}

function sharedAttributes(identity: RunIdentity, runId: string): Attributes {
  const shared: Attributes = {
    [semconv.ATTR_GEN_AI_AGENT_ID]: identity.agentId,
    [semconv.ATTR_GRAPH_ID]: identity.graphId,
    [semconv.ATTR_GRAPH_RUN_ID]: runId,
    [semconv.ATTR_GRAPH_SNAPSHOT_REF]: identity.snapshot.ref,
  };
  if (identity.agentName) shared[semconv.ATTR_GEN_AI_AGENT_NAME] = identity.agentName;
  if (identity.sessionId) shared[semconv.ATTR_GEN_AI_CONVERSATION_ID] = identity.sessionId;
  return shared;
}
