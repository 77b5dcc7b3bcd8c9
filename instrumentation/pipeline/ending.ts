// Gets the last spans out when the process ends, without changing how it ends.
import { guarded } from '../guard.ts';

/** What can be flushed at the end. */
interface Flushable {
  readonly pending: number;
  forceFlush(): Promise<void>;
  flushSync(timeoutMs: number): void;
}

const LAST_CALL_MS = 1500;
const beforeEnd = new Set<() => void>();

/** Has `work` run before the last flush of the process: spans that wait for news are ended then. */
export function beforeTheEnd(work: () => void): void {
  beforeEnd.add(work);
}

/**
 * Flushes `queue` when the event loop runs empty, when a signal ends the process, and when the
 * process exits or crashes. The exit code, the app's own handlers and Node's report of an uncaught
 * error stay as they are. A crash or `process.exit()` with unsent spans costs the start of one child
 * process, at most 1.5 s.
 */
export function flushAtEnd(queue: Flushable): void {
  let tried = false;
  let gaveUp = false;
  process.on('beforeExit', () => {
    settleAll();
    // Once: a failed flush must not keep the process going round.
    if (tried || queue.pending === 0) return;
    tried = true;
    void withinTime(queue.forceFlush()).then((inTime) => {
      gaveUp = !inTime;
    });
  });
  process.on('exit', () => {
    settleAll();
    if (!gaveUp) guarded(() => queue.flushSync(LAST_CALL_MS), undefined);
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) flushOn(signal, queue);
}

function settleAll(): void {
  for (const work of beforeEnd) guarded(work, undefined);
}

function flushOn(signal: NodeJS.Signals, queue: Flushable): void {
  const onSignal = () => {
    settleAll();
    const done = withinTime(queue.forceFlush());
    // An app with a handler of its own decides itself when to end.
    if (process.listenerCount(signal) > 1) return;
    process.removeListener(signal, onSignal);
    void done.then(() => process.kill(process.pid, signal));
  };
  process.on(signal, onSignal);
}

/** Whether `work` ended, well or badly, within the time of the last call. */
function withinTime(work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LAST_CALL_MS, false);
    work
      .catch(() => {})
      .finally(() => {
        clearTimeout(timer);
        resolve(true);
      });
  });
}
