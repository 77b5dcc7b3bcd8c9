// The framework-neutral way in: wrap an executor's graph, its runs and its nodes.
import type { Tracer } from '@opentelemetry/api';
import { placeStore } from '../delivery/crash/running.ts';
import { defaultTracer } from '../delivery/default.ts';
import type { Redactor } from '../redaction/index.ts';
import type { FailureDisposition, GraphRunOutcome } from '../semconv/attributes.ts';
import { startAppTracing, withActiveSpan } from './app-sdk.ts';
import type { FailureDetails, NodeAttempt } from './attempt.ts';
import { isThenable } from './exception.ts';
import { guarded } from './guard.ts';
import type { GraphObserverOptions, NodeObserverOptions } from './observer.ts';
import { GraphRun } from './run.ts';
import { type SnapshotAnnouncer, snapshotOf } from './snapshot.ts';

/** What a thrown value was if it was no failure. */
export type Control = 'paused' | 'cancelled';

/** Options of {@link instrumentGraph}. */
export interface GraphOptions extends GraphObserverOptions {
  /** The agent that is being evolved. */
  readonly agentId: string;
  readonly agentName?: string;
  /** The graph as any JSON; `{id, nodes:[{id,type,…}], edges:[{source,target,condition?}]}` is understood best. */
  readonly graph: unknown;
  /** Stays the same over the graph's versions. @default `graph.id`, else `agentId` */
  readonly graphId?: string;
  /** @default a private pipeline that samples everything, see {@link createPipeline} */
  readonly tracer?: Tracer;
  /** Distinguishes a pause or a cancel from a failure. @default an AbortError of an aborted `signal` is a cancel */
  readonly control?: (error: unknown) => Control | undefined;
  /** What a failure is beyond its error: site, class, severity, evidence. */
  readonly describe?: (error: unknown) => FailureDetails | undefined;
  /** Replaces the built-in redaction, see {@link redactPaths}; if it throws, the field is dropped. */
  readonly redact?: Redactor;
  /** Decides when a snapshot's body is sent. @default one for the process */
  readonly announcer?: SnapshotAnnouncer;
}

/** Options of one run. */
export interface RunOptions {
  /** The conversation that the run belongs to. */
  readonly sessionId?: string;
  /** @default a random UUID */
  readonly runId?: string;
  /** The caller's own signal: what it aborts is a cancel, not a failure. */
  readonly signal?: AbortSignal;
}

/** Options of one node attempt. */
export interface NodeOptions extends NodeObserverOptions {
  /** What the node receives; read only if it fails. */
  readonly input?: unknown;
  /** From 1. @default one more than the failed attempt before it, else 1 */
  readonly attempt?: number;
  /** How many tries the executor allows; without it a failure's disposition stays unknown. */
  readonly maxAttempts?: number;
  /** How often the run has entered the node, from 1. @default counted */
  readonly visit?: number;
  readonly name?: string;
  readonly type?: string;
  /** What happens after this failure. @default 'retried' before the last attempt, then 'terminal' */
  readonly disposition?: (error: unknown) => FailureDisposition | undefined;
}

/** A run in progress, handed to the callback of {@link InstrumentedGraph.run}. */
export interface Run {
  readonly runId: string;
  /** Runs one attempt of a node; returns what `work` returns and throws what it throws. */
  node<T>(nodeId: string, options: NodeOptions, work: () => T | Promise<T>): Promise<T>;
  /** Names the shared state's keys for `failure.state`. */
  stateKeys(keys: readonly string[]): void;
  /** Sets how the run ended. @default success, degraded if a node was lost on the way, or failure */
  outcome(outcome: GraphRunOutcome): void;
}

/** A graph whose runs are recorded. */
export interface InstrumentedGraph {
  /** Address of the graph's version. */
  readonly snapshotRef: string;
  /** Runs `body` as one run; returns what it returns and throws what it throws, the same object. */
  run<T>(options: RunOptions, body: (run: Run) => T | Promise<T>): Promise<T>;
}

interface Current {
  readonly graph: GraphOptions;
  readonly recorder: GraphRun | undefined;
  readonly signal: AbortSignal | undefined;
  chosen?: GraphRunOutcome;
}

/** Where in a run the calling code is. */
interface Place {
  readonly run: Current;
  readonly inside: NodeAttempt | undefined;
}

const places = placeStore<Place>(
  ({ run, inside }) => run.recorder && { run: run.recorder, attempt: inside },
);

/**
 * Records the runs of a graph. Nothing is thrown into the app: a fault of the recording is skipped.
 *
 * ```ts
 * const graph = instrumentGraph({ agentId: 'invoice-agent', graph: { id: 'invoices', nodes, edges } });
 * await graph.run({ sessionId }, async (run) => {
 *   const rates = await run.node('fetch', { input, maxAttempts: 3 }, () => fetchRates(input));
 * });
 * ```
 * @throws {TypeError} at once, without an agent id or a graph; the message names the field
 */
export function instrumentGraph(options: GraphOptions): InstrumentedGraph {
  requireText('agentId', options?.agentId);
  if (options.graph === undefined) throw new TypeError('graph must be JSON, got undefined');
  for (const field of ['redact', 'control', 'describe'] as const) {
    requireFunction(field, options[field]);
  }
  if (options.tracer) requireFunction('tracer.startSpan', options.tracer.startSpan ?? null);
  const snapshot = snapshotOf(options.graph);
  const graphId =
    options.graphId ?? guarded(() => idOf(options.graph), undefined) ?? options.agentId;
  const record = (given: RunOptions | undefined) =>
    new GraphRun(
      { ...given, agentId: options.agentId, agentName: options.agentName, graphId, snapshot },
      {
        ...options,
        tracer: options.tracer ?? defaultTracer(),
        redactor: options.redact,
      },
    );
  return {
    snapshotRef: snapshot.ref,
    async run(given: RunOptions | undefined, body) {
      if (typeof body !== 'function') {
        throw new TypeError(`the second argument of run() must be a function, got ${typeof body}`);
      }
      startAppTracing();
      const recorder = guarded(() => record(given), undefined);
      const current: Current = { graph: options, recorder, signal: given?.signal };
      const place: Place = { run: current, inside: undefined };
      try {
        const result = await places.run(place, () => body(handleOf(place, given?.runId)));
        guarded(() => recorder?.finish(result, current.chosen), undefined);
        return result;
      } catch (error) {
        guarded(() => endFailed(current, error), undefined);
        throw error;
      }
    },
  };
}

/** Options of {@link instrumentNode}. */
export type NodeDefaults = Omit<NodeOptions, 'input' | 'attempt' | 'visit'>;

/**
 * Wraps a node's function: each call inside a run is one attempt of the node, counted by itself. A
 * call outside of any run goes through unrecorded. What it returns and throws stays the same.
 * @throws {TypeError} at once, without a node id or a function; the message names the field
 */
export function instrumentNode<This, Args extends unknown[], Result>(
  nodeId: string,
  work: (this: This, ...args: Args) => Result,
  options: NodeDefaults = {},
): (this: This, ...args: Args) => Result {
  requireText('nodeId', nodeId);
  if (typeof work !== 'function') {
    throw new TypeError(
      `work of node ${JSON.stringify(nodeId)} must be a function, got ${typeof work}`,
    );
  }
  return function (this: This, ...args: Args): Result {
    const place = places.getStore();
    if (!place?.run.recorder) return work.apply(this, args);
    const input = args.length === 1 ? args[0] : args;
    return attemptNode(place, nodeId, { ...options, input }, () => work.apply(this, args));
  };
}

/** For callers without types: what is wrong in a definition is thrown there, never in a run. */
function requireText(field: string, value: unknown): void {
  if (typeof value === 'string' && value.trim() !== '') return;
  const found = value === '' ? 'an empty text' : value === null ? 'null' : typeof value;
  throw new TypeError(`${field} must be a text that is not empty, got ${found}`);
}

function requireFunction(field: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new TypeError(`${field} must be a function, got ${value === null ? 'null' : typeof value}`);
}

function handleOf(place: Place, runId: string | undefined): Run {
  const { run: current } = place;
  const { recorder } = current;
  return {
    runId: recorder?.runId ?? runId ?? '',
    node(nodeId, options, work) {
      // Nodes called inside a node belong to it, also through the handle of the outer run.
      const store = places.getStore();
      const within = store?.run === current ? store : place;
      try {
        const result = attemptNode(within, nodeId, options, () => settling(work()));
        return result instanceof Promise ? result : Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    stateKeys(keys) {
      if (recorder) recorder.stateKeys = [...keys];
    },
    outcome(outcome) {
      current.chosen = outcome;
    },
  };
}

/** A value as it is, a promise of whatever library as one of the language. */
function settling<T>(result: T | Promise<T>): T | Promise<T> {
  const isForeign =
    !(result instanceof Promise) && typeof result === 'object' && isThenable(result);
  return isForeign ? Promise.resolve(result) : result;
}

function attemptNode<T>(place: Place, nodeId: string, options: NodeOptions, work: () => T): T {
  const attempt = startAttempt(place, nodeId, options);
  if (!attempt) return work();
  const { run } = place;
  let result: T;
  try {
    result = places.run({ run, inside: attempt }, withActiveSpan, attempt.span, work);
  } catch (error) {
    guarded(() => failAttempt(run, attempt, options, error), undefined);
    throw error;
  }
  if (!(result instanceof Promise)) {
    guarded(() => returnedFrom(run, attempt, options, result), undefined);
    return result;
  }
  // A promise that follows the app's own, so that a rejection nobody handles still shows as one.
  return result.then(
    (value: unknown) => {
      guarded(() => returnedFrom(run, attempt, options, value), undefined);
      return value;
    },
    (error: unknown) => {
      guarded(() => failAttempt(run, attempt, options, error), undefined);
      throw error;
    },
  ) as T;
}

function startAttempt(
  { run, inside }: Place,
  nodeId: string,
  options: NodeOptions,
): NodeAttempt | undefined {
  return guarded(() => {
    const { attempt, maxAttempts, visit, name, type } = options;
    return run.recorder?.attempt({ nodeId, attempt, maxAttempts, visit, name, type, inside });
  }, undefined);
}

function returnedFrom(
  current: Current,
  attempt: NodeAttempt,
  options: NodeOptions,
  output: unknown,
): void {
  // Only a node that was given an input has one.
  const returned = 'input' in options ? { input: options.input, output } : { output };
  current.recorder?.returned(attempt, returned, options);
}

function failAttempt(
  current: Current,
  attempt: NodeAttempt,
  options: NodeOptions,
  error: unknown,
): void {
  if (controlOf(current, error)) {
    attempt.stop();
    return;
  }
  const described = guarded(() => current.graph.describe?.(error), undefined);
  const details = 'input' in options ? { ...described, input: options.input } : described;
  guarded(() => attempt.report(error, details), undefined);
  const last =
    attempt.maxAttempts === undefined ? undefined : attempt.attempt >= attempt.maxAttempts;
  const usual = last === undefined ? undefined : last ? 'terminal' : 'retried';
  attempt.settle(guarded(() => options.disposition?.(error), undefined) ?? usual);
}

function endFailed(current: Current, error: unknown): void {
  const control = controlOf(current, error);
  if (control) {
    current.recorder?.end(current.chosen ?? control);
    return;
  }
  const details = guarded(() => current.graph.describe?.(error), undefined);
  current.recorder?.end(current.chosen, { ...details, error });
}

function controlOf(current: Current, error: unknown): Control | undefined {
  const given = guarded(() => current.graph.control?.(error), undefined);
  if (given) return given;
  return current.signal?.aborted && isAbort(error, current.signal) ? 'cancelled' : undefined;
}

/** Whether an error is what an aborted signal makes functions throw. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return guarded(() => error === signal.reason || (error as Error)?.name === 'AbortError', false);
}

function idOf(graph: unknown): string | undefined {
  const id = (graph as { id?: unknown } | null)?.id;
  return typeof id === 'string' && id !== '' ? id : undefined;
}
