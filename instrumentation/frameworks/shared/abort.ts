// What distinguishes a cancel from a failure.
import { readProperty } from '../../core/exception.ts';

/** What a function throws because its signal was aborted, whatever library wrapped it. */
export function isAbortLike(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || readProperty(error, 'name') === 'AbortError') return true;
  const message = readProperty(error, 'message');
  return typeof message === 'string' && /abort|cancel/i.test(message);
}

/** A time limit that struck: `AbortSignal.timeout`, and what frameworks make of theirs. */
export function isTimeLimit(error: unknown): boolean {
  return readProperty(error, 'name') === 'TimeoutError';
}

/** The reason of the first of these signals that a time limit has aborted. */
export function timeLimitOf(...signals: (AbortSignal | undefined)[]): unknown {
  return signals.find((signal) => signal?.aborted && isTimeLimit(signal.reason))?.reason;
}
