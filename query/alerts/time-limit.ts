/**
 * Aborts with the signal, or after so many milliseconds. On Node 20 the garbage collector takes an
 * `AbortSignal.timeout` that only `AbortSignal.any` refers to, and the limit with it; one that is listened to stays.
 */
export function abortedAfter(ms: number, signal?: AbortSignal): AbortSignal {
  const limit = AbortSignal.timeout(ms);
  limit.addEventListener('abort', () => {});
  return signal ? AbortSignal.any([signal, limit]) : limit;
}
