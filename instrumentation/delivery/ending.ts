// Gets the last spans out when the process ends, without changing how it ends.
import { guarded } from '../core/guard.ts';

/** What can be flushed at the end. */
interface Flushable {
  /** Whether anything is not yet confirmed. */
  readonly waiting: boolean;
  forceFlush(): Promise<void>;
  /** Sends what it can in so many milliseconds, and closes; with 0 it only closes. */
  flushSync(timeoutMs: number): void;
}

type Listener = { (signal: NodeJS.Signals): void; [OURS]?: true };

const LAST_CALL_MS = 1500;
/** Marks the listeners of every copy of this library in the process. */
const OURS = Symbol.for('faultline.ending');
const beforeEnd = new Set<() => void>();
const queues = new Set<Flushable>();
let tried = false;
let gaveUp = false;

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
  queues.add(queue);
  if (queues.size > 1) return;
  process.on('beforeExit', () => {
    settleAll();
    // Once: a failed flush must not keep the process going round.
    if (tried || ![...queues].some(({ waiting }) => waiting)) return;
    tried = true;
    void flushAll().then((inTime) => {
      gaveUp = !inTime;
    });
  });
  process.on('exit', () => {
    settleAll();
    const deadline = performance.now() + LAST_CALL_MS;
    for (const each of queues) {
      const restMs = gaveUp ? 0 : Math.max(0, deadline - performance.now());
      guarded(() => each.flushSync(restMs), undefined);
    }
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) flushOn(signal);
}

function settleAll(): void {
  for (const work of beforeEnd) guarded(work, undefined);
}

/**
 * Ours is the first listener and is gone when the next one runs: some libraries end the process only if
 * they find no listener but their own.
 */
function flushOn(signal: NodeJS.Signals): void {
  const onSignal: Listener = () => {
    process.removeListener(signal, onSignal);
    settleAll();
    const done = flushAll();
    const others = process.listeners(signal).filter((each) => !(each as Listener)[OURS]);
    // An app with a handler of its own decides itself when to end.
    if (others.length > 0) return;
    void done.then(() => process.kill(process.pid, signal));
  };
  onSignal[OURS] = true;
  process.prependListener(signal, onSignal);
}

/** Whether every queue was flushed, well or badly, within the time of the last call. */
function flushAll(): Promise<boolean> {
  const work = Promise.allSettled([...queues].map((queue) => queue.forceFlush()));
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LAST_CALL_MS, false);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
