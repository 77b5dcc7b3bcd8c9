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
import { ConditionsOfRun } from '../conditions/attach.ts';
import { type Returned, RunChecks } from '../conditions/checks.ts';
import type { ConditionFailure } from '../conditions/failure.ts';
import type { Conditions, RunFacts } from '../conditions/types.ts';
import { usageOf } from '../conditions/usage.ts';
import { describeFailure } from '../logs/describe.ts';
import { areFailuresLogged, logFailure } from '../logs/log-failures.ts';
import type { Redactor } from '../redaction/index.ts';
import { noteAttempt, noteRun } from '../self-check/local.ts';
import { startUsualSelfCheck } from '../self-check/self-check.ts';
import type { GraphRunOutcome } from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';
import {
  type AttemptStart,
  type FailureDetails,
  NodeAttempt,
  type RunOfAttempt,
  type ToldFailure,
  tellConsequence,
  tellFailure,
} from './attempt.ts';
import { readProperty } from './exception.ts';
import { guarded } from './guard.ts';
import { redactorOf } from './redactor.ts';
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

/** How spans are made. */
export interface RunMeans {
  readonly tracer: Tracer;
  /** The context whose span becomes the parent. @default the active one */
  readonly parent?: Context | undefined;
  /** Instead of {@link redact}; the lists of the environment hold besides it. */
  readonly redactor?: Redactor | undefined;
  /** @default one for the process */
  readonly announcer?: SnapshotAnnouncer | undefined;
  /** Looked at besides those of `useFailureConditions`. */
  readonly conditions?: Conditions | undefined;
}

const announcerOfProcess = new SnapshotAnnouncer();
const PATH_KEPT = 100;

interface NodeHistory {
  visits: number;
  retries: number;
  last?: NodeAttempt;
}

/** A run of a graph: sends its start signal when made, its span when ended. */
export class GraphRun implements RunOfAttempt {
  readonly runId: string;
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
  /** Which attempt told an error last. */
  readonly #told = new WeakMap<object, NodeAttempt>();
  /** A thrown text or number has no identity; the last one stands for itself. */
  #toldPrimitive: { readonly value: unknown; readonly by: NodeAttempt } | undefined;
  readonly #checks: RunChecks;
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
    this.#checks = new RunChecks(
      this,
      new ConditionsOfRun(means.conditions, identity.agentId, identity.graphId),
    );
    startUsualSelfCheck();
    noteRun(identity.agentId);
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
    const attempt = new NodeAttempt(this, span, numbers, start);
    history.last = attempt;
    this.#open.add(attempt);
    return attempt;
  }

  /**
   * A node returned: the attempt succeeded, unless one of its conditions says otherwise. That may come
   * a little later; the run's span then waits for it.
   */
  returned(attempt: NodeAttempt, given: Returned): void {
    this.#checks.node(attempt, given);
  }

  /**
   * Ends a run whose function returned `output`: as `end(outcome)` does, unless one of the conditions of
   * the run says that it failed.
   */
  finish(output: unknown, outcome?: GraphRunOutcome): void {
    this.#checks.run(output, outcome);
  }

  /**
   * Ends the run. With an error that no node attempt has told yet, the run's span tells it; with one
   * that was told, the span says that the run failed and names the failure's span.
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
    this.#checks.afterwards(() => {
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
    const told = outcome ?? (failure ? 'failure' : this.#lost ? 'degraded' : 'success');
    this.#span.setAttribute(semconv.ATTR_GRAPH_RUN_OUTCOME, told);
    const failed = failure && this.#fail(failure);
    this.#span.end(endTime);
    if (failed) this.log(this.#span, failed);
  }

  /**
   * The attempt that told the error, or every error under an AggregateError; with `inside`, only one
   * that ran inside that attempt.
   */
  toldBy(error: unknown, inside?: NodeAttempt): NodeAttempt | undefined {
    const within = (by: NodeAttempt | undefined) =>
      by && (!inside || by.ranInside(inside)) ? by : undefined;
    if (typeof error !== 'object' || error === null) {
      const last = this.#toldPrimitive;
      return last?.value === error ? within(last?.by) : undefined;
    }
    const by = this.#told.get(error);
    if (by) return within(by);
    const members = readProperty(error, 'errors');
    if (!Array.isArray(members) || members.length === 0) return undefined;
    const tellers = members.map((member) => this.toldBy(member, inside));
    return tellers.every((teller) => teller !== undefined) ? tellers[0] : undefined;
  }

  /** Path so far, visits, retries and the names of the shared state. */
  state(): Record<string, unknown> {
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

  /** Called by the attempt when it fails. */
  remember(error: unknown, by: NodeAttempt): void {
    if (typeof error === 'object' && error !== null) this.#told.set(error, by);
    else this.#toldPrimitive = { value: error, by };
  }

  /** Called by the attempt when it succeeds or fails. */
  note(attempt: NodeAttempt, failure?: { error: unknown; details: FailureDetails }): void {
    if (failure) this.#failures += 1;
    noteAttempt(this.#identity.agentId, attempt.nodeId, failure);
  }

  /** Called by the attempt when its failure is settled. */
  log(span: Span, told: ToldFailure, attempt?: NodeAttempt): void {
    if (!areFailuresLogged()) return;
    guarded(() => {
      const { agentId, graphId, sessionId } = this.#identity;
      const ids = { agentId, graphId, sessionId, runId: this.runId };
      logFailure(describeFailure(span, told, ids, attempt, this.redactor));
    }, undefined);
  }

  /** How many attempts failed. */
  get failures(): number {
    return this.#failures;
  }

  /** What conditions may know of the run. */
  facts(): RunFacts {
    return {
      agentId: this.#identity.agentId,
      graphId: this.#identity.graphId,
      runId: this.runId,
      sessionId: this.#identity.sessionId,
      durationMs: performance.now() - this.#started,
      steps: this.#pathLength,
      usage: usageOf(this),
    };
  }

  /** Tells of a condition that gave no verdict, as a failed operation inside the node or the run. */
  tellFault(name: string, { error, details }: ConditionFailure, inside: Span | undefined): void {
    const span = this.#start(semconv.SPAN_CHECK_CONDITION, name, this.#within(inside));
    tellFailure(span, error, details, this.redactor);
    span.end();
  }

  /** Called by the attempt when it is settled. */
  forget(attempt: NodeAttempt, lost: boolean): void {
    this.#open.delete(attempt);
    if (lost) this.#lost = true;
  }

  #within(span: Span | undefined): Context {
    return span ? trace.setSpan(this.#parent, span) : this.#inRun;
  }

  #start(kind: string, id: string, parent: Context, startTime?: number): Span {
    const options: SpanOptions = { kind: SpanKind.INTERNAL, attributes: this.#shared };
    if (startTime !== undefined) options.startTime = startTime;
    return this.#tracer.startSpan(`${kind} ${id}`, options, parent);
  }

  #fail(failure: { error: unknown } & FailureDetails): ToldFailure | undefined {
    const root = this.toldBy(failure.error);
    if (root) {
      tellConsequence(this.#span, failure.error, root, this.redactor);
      return undefined;
    }
    const details = { ...failure, site: failure.site ?? 'run' } as const;
    return tellFailure(
      this.#span,
      failure.error,
      { state: this.state(), ...details },
      this.redactor,
    );
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

function describeNode(
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
