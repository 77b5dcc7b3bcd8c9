// Telling a cancel from a failure.
import { readProperty } from '../../core/exception.ts';

/** What a function throws because its signal was aborted, whatever library wrapped it. */
export function isAbortLike(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || readProperty(error, 'name') === 'AbortError') return true;
  const message = readProperty(error, 'message');
  return typeof message === 'string' && /abort|cancel/i.test(message);
}
