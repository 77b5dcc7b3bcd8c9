// The attempts of each node of a run in the order in which they were made. Attempts are numbered, and
// numbers say more than clocks: two executors may have made them.
import type { AttemptFact, FailureFact } from './facts.ts';

/** One try of a node, known by its attempt or by its failure. */
export interface Try {
  node_id: string;
  attempt: number;
  ok: boolean;
  trace_id: string;
  span_id: string;
  started_at: string;
  ended_at: string;
}

export class Tries {
  private readonly byNode = new Map<string, Try[]>();

  /** @param failures for those whose attempt is not kept any more */
  constructor(attempts: readonly AttemptFact[], failures: readonly FailureFact[]) {
    const known = new Set(attempts.map(({ trace_id, span_id }) => `${trace_id}/${span_id}`));
    const failed = failures
      .filter(
        ({ level, trace_id, span_id }) => level === 'node' && !known.has(`${trace_id}/${span_id}`),
      )
      .map((failure) => ({ ...failure, ok: false }));
    for (const one of [...attempts, ...failed].sort(byStart)) {
      this.byNode.set(one.node_id, [...(this.byNode.get(one.node_id) ?? []), one]);
    }
  }

  /** The attempt that was made because this one failed. */
  next(of: Try | FailureFact): Try | undefined {
    const tries = this.byNode.get(of.node_id) ?? [];
    const numbered = tries.filter(({ attempt }) => attempt === of.attempt + 1);
    const same = tries.filter(({ attempt }) => attempt === of.attempt);
    // Tried once by each number: the numbers alone say what came next.
    if (numbered.length <= 1 && same.length <= 1) return numbered[0];
    const after = numbered.find(({ started_at }) => started_at >= of.ended_at);
    if (!after) return undefined;
    // The node was visited again in between: then that visit's retry is not this one's.
    const isRevisited = tries.some(
      (one) =>
        one.attempt <= of.attempt &&
        one.span_id !== of.span_id &&
        one.started_at >= of.ended_at &&
        one.started_at < after.started_at,
    );
    return isRevisited ? undefined : after;
  }

  /** All retries that followed, until one succeeded. */
  following(of: FailureFact): Try[] {
    const found: Try[] = [];
    for (let one = this.next(of); one && !found.includes(one); one = this.next(one)) {
      found.push(one);
      if (one.ok) break;
    }
    return found;
  }

  /** What other nodes did when it was over, the earliest first. */
  after(of: FailureFact): Try[] {
    return [...this.byNode]
      .filter(([node]) => node !== of.node_id)
      .flatMap(([, tries]) => tries.filter(({ started_at }) => started_at >= of.ended_at))
      .sort(byStart);
  }
}

function byStart(a: Try, b: Try): number {
  return a.started_at < b.started_at ? -1 : Number(a.started_at > b.started_at);
}
