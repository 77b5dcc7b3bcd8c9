// Which node is running, as the executors' instrumentations know it: each keeps its places in the
// asynchronous context that an error comes from.
import { AsyncLocalStorage } from 'node:async_hooks';
import { guarded } from '../../core/guard.ts';

/** What is reported of a failure at the time of a crash. */
export interface CrashDetails {
  readonly site?: 'node.raise' | 'run';
  readonly evidence: Record<string, unknown>;
}

/** The attempt of the node that is running. */
export interface RunningAttempt {
  readonly open: boolean;
  readonly attempt: number;
  readonly visit: number;
  readonly span: object;
  fail(error: unknown, details: CrashDetails, disposition?: 'terminal'): void;
}

/** The run around it. */
export interface RunningRun {
  reportedBy(error: unknown): object | undefined;
  attempt(start: { nodeId: string; attempt: number; visit: number }): RunningAttempt;
  end(outcome: 'failure', failure: { error: unknown } & CrashDetails): void;
}

/** Where in the graph the calling code runs. */
export interface Running {
  readonly run: RunningRun;
  readonly attempt?: RunningAttempt | undefined;
}

const finders = new Set<() => Running | undefined>();

/**
 * Where in a run the calling code is, for one executor's instrumentation.
 * @param runningIn what runs in a place, if it is known yet
 */
export function placeStore<Place extends object>(
  runningIn: (place: Place) => Running | undefined,
): AsyncLocalStorage<Place> {
  const places = new AsyncLocalStorage<Place>();
  finders.add(() => {
    const place = places.getStore();
    return place && runningIn(place);
  });
  return places;
}

/** Where the calling code runs, if it runs in a graph. */
export function running(): Running | undefined {
  for (const finder of finders) {
    const found = guarded(finder, undefined);
    if (found) return found;
  }
  return undefined;
}
