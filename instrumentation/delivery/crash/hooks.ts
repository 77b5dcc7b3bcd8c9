// Records what nobody caught as a failure of the node that was running. How the process ends, and what
// it says then, stays as it is without these hooks.
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { ATTR_GRAPH_NODE_ID } from '../../semconv/attributes.ts';
import { type Running, running } from './running.ts';

type Origin = 'uncaughtException' | 'unhandledRejection';

let watching = false;

/** Sets the hooks up, once in a thread. */
export function watchCrashes(): void {
  if (watching) return;
  watching = true;
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    guarded(() => report(error, origin, isFatal()), undefined);
  });
  followRejectionHandlers();
}

/** Whether the process dies of an uncaught error: not if the app handles them. */
function isFatal(): boolean {
  return (
    process.listenerCount('uncaughtException') === 0 &&
    !process.hasUncaughtExceptionCaptureCallback()
  );
}

/**
 * A rejection that an app's own handler takes is no crash, and the monitor does not see it. A handler
 * of ours would turn every unhandled rejection into one that is handled, so ours is there only as long
 * as the app has one.
 */
function followRejectionHandlers(): void {
  const EVENT = 'unhandledRejection';
  const ours = (reason: unknown) => {
    guarded(() => report(reason, EVENT, false), undefined);
  };
  const settle = () => {
    const others = process.listeners(EVENT).filter((listener) => listener !== ours).length;
    const there = process.listeners(EVENT).includes(ours);
    if (others > 0 && !there) process.prependListener(EVENT, ours);
    if (others === 0 && there) process.removeListener(EVENT, ours);
  };
  process.on('newListener', (event, listener) => {
    if (event !== EVENT || listener === ours || process.listeners(EVENT).includes(ours)) return;
    // The app's is added right after this.
    process.prependListener(EVENT, ours);
  });
  process.on('removeListener', (event, listener) => {
    if (event === EVENT && listener !== ours) settle();
  });
  settle();
}

function report(error: unknown, origin: Origin, fatal: boolean): void {
  const place = running();
  if (!place) return;
  const details = { evidence: { origin, fatal } };
  if (!place.run.reportedBy(error)) {
    const attempt = place.attempt?.open ? place.attempt : lateAttempt(place);
    attempt?.fail(error, { site: 'node.raise', ...details }, fatal ? 'terminal' : undefined);
  }
  if (fatal) place.run.end('failure', { error, site: 'run', ...details });
}

/** The node had returned; what it left running failed. It is reported as its attempt once more. */
function lateAttempt({ run, attempt }: Running) {
  const nodeId = readProperty(readProperty(attempt?.span, 'attributes'), ATTR_GRAPH_NODE_ID);
  if (!attempt || typeof nodeId !== 'string') return undefined;
  return run.attempt({ nodeId, attempt: attempt.attempt, visit: attempt.visit });
}
