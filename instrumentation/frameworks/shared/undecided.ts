// Failed attempts whose end is not known yet.
import type { NodeAttempt } from '../../core/attempt.ts';
import { beforeTheEnd } from '../../delivery/ending.ts';
import type { FailureDisposition } from '../../semconv/attributes.ts';

/** Over the whole process, with the likely end, so that none is lost when the process ends. */
const undecided = new Map<NodeAttempt, FailureDisposition>();

beforeTheEnd(() => {
  for (const [attempt, likely] of undecided) attempt.settle(likely);
  undecided.clear();
});

/** Keeps a failure open; `likely` is what is reported if the process ends first. */
export function leaveUndecided(attempt: NodeAttempt, likely: FailureDisposition): void {
  undecided.set(attempt, likely);
}

/** What is reported of a failure if the process ends now; `undefined` once it is settled. */
export function likelyEnd(attempt: NodeAttempt): FailureDisposition | undefined {
  return undecided.get(attempt);
}

/** Ends a failed attempt's span. */
export function settle(attempt: NodeAttempt, disposition: FailureDisposition): void {
  undecided.delete(attempt);
  attempt.settle(disposition);
}
