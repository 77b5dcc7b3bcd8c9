// Which node attempt is around an operation: by parentage, else by time.
import { eachInSteps, type Steps } from '../decode/turns.ts';
import type { FailureRow, NodeAttemptRow } from '../rows/rows.ts';
import { contains, type Interval, intervalOf, lengthOf, overlaps } from './interval.ts';
import { MAX_DEPTH, MOST_TIMED } from './trace-tree.ts';

export interface Surrounding {
  attempt: NodeAttemptRow;
  by: 'parent' | 'time';
  /** No row that is still to come can name a nearer one. */
  certain: boolean;
}

interface Timed {
  attempt: NodeAttemptRow;
  interval: Interval;
}

/** What is known of a trace's spans and of the node attempts among them. */
export class Surroundings {
  private readonly attempts: readonly NodeAttemptRow[];
  private timed: readonly Timed[] | undefined;
  private readonly bySpan = new Map<string, NodeAttemptRow>();
  private readonly parents = new Map<string, string>();

  private constructor(attempts: readonly NodeAttemptRow[]) {
    this.attempts = attempts;
  }

  /** @param failures all rows of the trace; they name the spans around them */
  static *of(
    attempts: readonly NodeAttemptRow[],
    failures: readonly FailureRow[],
  ): Steps<Surroundings> {
    const found = new Surroundings(attempts);
    yield* eachInSteps(attempts, (attempt) => found.bySpan.set(attempt.span_id, attempt));
    // What a span says of itself goes before what others say of it.
    yield* eachInSteps(failures, (row) => found.addParent(row.span_id, row.parent_span_id));
    yield* eachInSteps(failures, ({ span_id, ancestor_span_ids }) => {
      let child = span_id;
      for (const parent of ancestor_span_ids) {
        found.addParent(child, parent);
        child = parent;
      }
    });
    return found;
  }

  /** The innermost node attempt around the operation that failed. */
  around(failure: FailureRow): Surrounding | undefined {
    return this.byParents(failure.span_id) ?? this.byTime(failure);
  }

  private addParent(child: string, parent: string): void {
    if (parent !== '' && !this.parents.has(child)) this.parents.set(child, parent);
  }

  private byParents(spanId: string): Surrounding | undefined {
    const seen = new Set([spanId]);
    let span = this.parents.get(spanId);
    while (span !== undefined && !seen.has(span) && seen.size <= MAX_DEPTH) {
      const attempt = this.bySpan.get(span);
      if (attempt) return { attempt, by: 'parent', certain: seen.size === 1 };
      seen.add(span);
      span = this.parents.get(span);
    }
    return undefined;
  }

  /** Only when it is unmistakable: whatever ran meanwhile ran around the whole operation. */
  private byTime(failure: FailureRow): Surrounding | undefined {
    if (this.attempts.length > MOST_TIMED) return undefined;
    this.timed ??= this.attempts.map((attempt) => ({ attempt, interval: intervalOf(attempt) }));
    const operation = intervalOf(failure);
    const meanwhile = this.timed
      .filter(({ interval }) => overlaps(interval, operation))
      .sort((a, b) => Number(lengthOf(a.interval) - lengthOf(b.interval)));
    const innermost = meanwhile[0];
    if (!innermost || !contains(innermost.interval, operation)) return undefined;
    const nested = meanwhile.every(
      ({ interval }, i) =>
        i === 0 ||
        (contains(interval, meanwhile[i - 1]!.interval) &&
          lengthOf(interval) > lengthOf(meanwhile[i - 1]!.interval)),
    );
    return nested ? { attempt: innermost.attempt, by: 'time', certain: false } : undefined;
  }
}
