// Which node is running, as the executors' instrumentations know it: each says how to find out from the
// asynchronous context that an error came from.
import { guarded } from '../../core/guard.ts';

/** What is told of a failure at the time of a crash. */
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
  toldBy(error: unknown): object | undefined;
  attempt(start: { nodeId: string; attempt: number; visit: number }): RunningAttempt;
  end(outcome: 'failure', failure: { error: unknown } & CrashDetails): void;
}

/** Where in the graph the calling code runs. */
export interface Running {
  readonly run: RunningRun;
  readonly attempt?: RunningAttempt | undefined;
}

const finders = new Set<() => Running | undefined>();

/** Adds a way to find out where the calling code runs. */
export function findRunningWith(finder: () => Running | undefined): void {
  finders.add(finder);
}

/** Where the calling code runs, if it runs in a graph. */
export function running(): Running | undefined {
  for (const finder of finders) {
    const found = guarded(finder, undefined);
    if (found) return found;
  }
  return undefined;
}
