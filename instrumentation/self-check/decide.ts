// Whether to try again by what this process knows itself.
import type { FailureClass } from '../semconv/attributes.ts';
import { CLASS_FACTS } from '../semconv/failure-classes.ts';

/** What is known when it is decided. */
export interface Known {
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number | undefined;
  /** Why it failed, if known. */
  readonly class: string | undefined;
  readonly consecutiveFailures: number;
}

export interface LocalAdvice {
  readonly advice: 'retry' | 'back_off' | 'stop';
  readonly reason: string;
  /** Milliseconds. */
  readonly waitMs: number;
}

/** As many failures in a row mean that the node does not work now. */
const DOWN = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export function decideLocally(known: Known): LocalAdvice {
  const { attempt, maxAttempts, consecutiveFailures } = known;
  if (maxAttempts !== undefined && attempt >= maxAttempts) {
    return {
      advice: 'stop',
      reason: `attempt ${attempt} of ${maxAttempts} was the last`,
      waitMs: 0,
    };
  }
  const facts = CLASS_FACTS[known.class as FailureClass];
  const isKnown = facts !== undefined && known.class !== 'unclassified';
  if (isKnown && !facts.is_retriable) {
    const reason = `failures of class ${known.class} are not worth a retry`;
    return { advice: 'stop', reason, waitMs: 0 };
  }
  if (consecutiveFailures >= DOWN) {
    const reason = `the node failed ${consecutiveFailures} times in a row`;
    return { advice: 'back_off', reason, waitMs: waitAfter(consecutiveFailures - DOWN + attempt) };
  }
  if (isKnown && !facts.needs_graph_change) {
    const reason = `failures of class ${known.class} pass with time`;
    return { advice: 'back_off', reason, waitMs: waitAfter(attempt) };
  }
  const reason = isKnown
    ? `failures of class ${known.class} may be worth a retry`
    : 'nothing speaks against another attempt';
  return { advice: 'retry', reason, waitMs: 0 };
}

/** Doubles from half a second to half a minute. */
function waitAfter(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(16, Math.max(0, failures - 1)));
}
