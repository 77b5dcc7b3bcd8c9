// Which node attempt is around an operation: by parentage, else by time.
import type { FailureRow, NodeAttemptRow } from '../rows/rows.ts';
import { contains, intervalOf, lengthOf, overlaps } from './interval.ts';

export interface Surrounding {
  attempt: NodeAttemptRow;
  by: 'parent' | 'time';
  /** No row that is still to come can name a nearer one. */
  certain: boolean;
}

/** What is known of a trace's spans and of the node attempts among them. */
export class Surroundings {
  private readonly attempts: readonly NodeAttemptRow[];
  private readonly bySpan: Map<string, NodeAttemptRow>;
  private readonly parents = new Map<string, string>();

  /** @param failures all rows of the trace; they name the spans around them */
  constructor(attempts: readonly NodeAttemptRow[], failures: readonly FailureRow[]) {
    this.attempts = attempts;
    this.bySpan = new Map(attempts.map((attempt) => [attempt.span_id, attempt]));
    // What a span says of itself goes before what others say of it.
    for (const { span_id, parent_span_id } of failures) this.addParent(span_id, parent_span_id);
    for (const { span_id, ancestor_span_ids } of failures) {
      let child = span_id;
      for (const parent of ancestor_span_ids) {
        this.addParent(child, parent);
        child = parent;
      }
    }
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
    for (; span !== undefined && !seen.has(span); span = this.parents.get(span)) {
      const attempt = this.bySpan.get(span);
      if (attempt) return { attempt, by: 'parent', certain: seen.size === 1 };
      seen.add(span);
    }
    return undefined;
  }

  /** Only when it is unmistakable: whatever ran meanwhile ran around the whole operation. */
  private byTime(failure: FailureRow): Surrounding | undefined {
    const operation = intervalOf(failure);
    const meanwhile = this.attempts
      .map((attempt) => ({ attempt, interval: intervalOf(attempt) }))
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
