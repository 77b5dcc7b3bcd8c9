// What happened after a failed attempt: the next attempt of the same node in the same run. Pure.

/** A failed attempt of one node in one run. Times are Unix milliseconds. */
export interface FailedAttempt {
  run_id: string;
  node_id: string;
  attempt: number;
  /** When it ended. */
  failed_at: number;
  disposition: string;
}

/** Any attempt of that node in that run. */
export interface Attempt {
  attempt: number;
  ok: boolean;
  started: number;
}

/** `pending`: it may still come. */
export type Next = { kind: 'retried'; ok: boolean; wait_ms: number } | { kind: 'none' | 'pending' };

/** Attempt times come as floating-point milliseconds. */
const ROUNDING_MS = 0.01;
/** A retry that has not come after this many milliseconds is taken not to come any more. */
const PENDING_MS = 3_600_000;

/**
 * What came next, in the order of `failures`. The retry is the first attempt with the next number that
 * began after the failure; none when the node started over in between, which is another visit. A
 * retry belongs to one failure only, the earliest, so visits that run side by side each have theirs.
 *
 * @param attemptsOf all kept attempts of the failure's node in its run
 * @param now Unix milliseconds
 */
export function whatCameNext<F extends FailedAttempt>(
  failures: readonly F[],
  attemptsOf: (failure: F) => readonly Attempt[],
  now: number,
): Next[] {
  const taken = new Set<string>();
  const found = new Map<F, Next>();
  const inOrder = [...failures].sort((one, other) => one.failed_at - other.failed_at);
  for (const failure of inOrder) {
    const key = ({ attempt, started }: Attempt) =>
      JSON.stringify([failure.run_id, failure.node_id, attempt, started]);
    const later = attemptsOf(failure)
      .filter(({ started }) => started >= failure.failed_at - ROUNDING_MS)
      .sort((one, other) => one.started - other.started);
    const restart = later.find(({ attempt }) => attempt <= failure.attempt);
    const retry = later.find(
      (other) =>
        other.attempt === failure.attempt + 1 &&
        other.started < (restart?.started ?? Number.POSITIVE_INFINITY) &&
        !taken.has(key(other)),
    );
    if (retry) {
      taken.add(key(retry));
      const wait_ms = Math.max(0, retry.started - failure.failed_at);
      found.set(failure, { kind: 'retried', ok: retry.ok, wait_ms });
    } else {
      const mayCome = !restart && ['retried', ''].includes(failure.disposition);
      const isRecent = now - failure.failed_at < PENDING_MS;
      found.set(failure, { kind: mayCome && isRecent ? 'pending' : 'none' });
    }
  }
  return failures.map((failure) => found.get(failure)!);
}
