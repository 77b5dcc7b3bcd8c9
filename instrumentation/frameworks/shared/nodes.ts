// Runs of frameworks whose nodes call each other, as a stack of places: a run, a node in it, a node in that.
import { withActiveSpan } from '../../core/app-sdk.ts';
import type { FailureDetails } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { redactorOf } from '../../core/redactor.ts';
import { GraphRun, type PlaceInRun } from '../../core/run.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import { placeStore } from '../../delivery/crash/running.ts';
import { toPlain } from '../../redaction/plain.ts';
import { isAbortLike, isTimeLimit } from './abort.ts';
import type { RunMeans } from './framework.ts';
import { agentIdOf } from './identity.ts';

export interface Place extends PlaceInRun {
  /** Aborted by the caller: what fails by that is cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** Why the node failed, where it ends without throwing that. */
  readonly failed: { error?: unknown; details?: FailureDetails };
  readonly input: unknown;
  /** The place that this one is a node of. */
  readonly around?: Place;
}

export const places = placeStore<Place>(({ run, attempt }) => ({ run, attempt }));

/** A run that starts. */
export interface RunStart {
  /** What the framework calls it, which is the agent if nothing else is. */
  readonly name: string | undefined;
  /** Where there is no name either. */
  readonly otherwise: string;
  readonly graph: Record<string, unknown>;
  readonly sessionId?: unknown;
  readonly runId?: unknown;
  readonly signal?: unknown;
  readonly input: unknown;
}

export function openRun(start: RunStart, means: RunMeans): Place {
  const agentId = agentIdOf(means.agentId, start.name, start.otherwise);
  const identity = {
    agentId,
    agentName: start.name,
    graphId: start.name ?? agentId,
    snapshot: snapshotIn(start.graph, means),
    sessionId: textOf(start.sessionId),
    runId: textOf(start.runId),
  };
  const { tracer, redactor } = means;
  const run = new GraphRun(identity, { tracer, redactor });
  const signal = start.signal instanceof AbortSignal ? start.signal : undefined;
  return { run, identity, tracer, signal, failed: {}, input: start.input };
}

/** A node of the run; inside another it is `outer:inner`. */
export function openNode(around: Place, nodeId: string, type: string, input: unknown): Place {
  const outer = around.attempt;
  const id = outer ? `${outer.nodeId}:${nodeId}` : nodeId;
  const attempt = around.run.attempt({ nodeId: id, type, inside: outer });
  const { run, identity, tracer, signal } = around;
  return { run, identity, tracer, signal, attempt, failed: {}, input, around };
}

export function within<T>(place: Place, work: () => T): T {
  return places.run(place, () =>
    place.attempt ? withActiveSpan(place.attempt.span, work) : work(),
  );
}

/** The node, or without one the run, ended with this. */
export function returned(place: Place, output: unknown): void {
  const { attempt, run, input, failed } = place;
  if ('error' in failed) threw(place, failed.error);
  else if (attempt) run.returned(attempt, { input, output });
  else run.finish(output);
}

export function threw(place: Place, error: unknown): void {
  const { attempt, run, input, failed, signal } = place;
  if (signal?.aborted && !isTimeLimit(signal.reason) && isAbortLike(error, signal)) {
    left(place);
    return;
  }
  const details = failed.error === error ? failed.details : undefined;
  if (!attempt) {
    run.end('failure', { ...details, error });
    return;
  }
  attempt.report(error, { ...details, input });
  attempt.settle('terminal');
}

/** Nobody wants the rest. */
export function left({ attempt, run }: Place): void {
  if (attempt) attempt.stop();
  else run.end('cancelled');
}

/** Records `work` as what goes on in a place; returns and throws what it does. */
export async function record<T>(place: Place, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await within(place, work);
  } catch (error) {
    guarded(() => threw(place, error), undefined);
    throw error;
  }
  guarded(() => returned(place, result), undefined);
  return result;
}

/** The same for a generator, of which each step goes on in the place. */
export function recordSteps<T>(
  open: () => Place | undefined,
  inner: AsyncGenerator<T>,
): AsyncGenerator<T> {
  let place: Place | undefined;
  let isStarted = false;
  let isOver = false;
  const over = (end: (at: Place) => void) => {
    if (place && !isOver) guarded(() => end(place!), undefined);
    isOver = true;
  };
  const step = async (call: () => Promise<IteratorResult<T>>) => {
    if (!isStarted) place = guarded(open, undefined);
    isStarted = true;
    try {
      const result = await (place ? within(place, call) : call());
      if (result.done) over((at) => returned(at, result.value));
      return result;
    } catch (error) {
      over((at) => threw(at, error));
      throw error;
    }
  };
  const own = {
    next: (...sent: [] | [unknown]) => step(() => inner.next(...sent)),
    throw: (error: unknown) => step(() => inner.throw(error)),
    return: async (value: unknown) => {
      const result = await inner.return(value);
      over(left);
      return result;
    },
  };
  return Object.setPrototypeOf(own, Object.getPrototypeOf(inner) as object) as AsyncGenerator<T>;
}

const known = new WeakMap<RunMeans['tracer'], Map<string, Snapshot>>();
const MAX_KNOWN = 200;

/** The graph's snapshot, redacted once for each version. */
function snapshotIn(graph: Record<string, unknown>, { tracer, redactor }: RunMeans): Snapshot {
  const body = toPlain(graph);
  const text = JSON.stringify(body);
  const byText = known.get(tracer) ?? new Map<string, Snapshot>();
  known.set(tracer, byText);
  const before = byText.get(text);
  if (before) return before;
  const snapshot = snapshotOf(
    guarded(() => redactorOf(redactor)(body, ['graph']).value, { nodes: [] }),
  );
  if (byText.size >= MAX_KNOWN) byText.clear();
  byText.set(text, snapshot);
  return snapshot;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function nameOf(value: unknown): string | undefined {
  return textOf(readProperty(value, 'name'));
}
