// Which span of a run is inside which, as far as its failures show.
import type { AttemptFact, FailureFact } from './facts.ts';

export class Lineage {
  private readonly parents = new Map<string, string>();
  private readonly failures: Map<string, FailureFact>;
  private readonly attempts: Map<string, AttemptFact>;
  private readonly found = new Map<string, string[]>();

  constructor(failures: readonly FailureFact[], attempts: readonly AttemptFact[]) {
    this.failures = new Map(failures.map((failure) => [spanOf(failure), failure]));
    this.attempts = new Map(attempts.map((attempt) => [spanOf(attempt), attempt]));
    // What a span says of itself goes before what others say of it.
    for (const failure of failures) {
      this.add(spanOf(failure), spanOf(failure, failure.parent_span_id));
    }
    for (const failure of failures) {
      let child = spanOf(failure);
      for (const ancestor of failure.ancestor_span_ids) {
        const parent = spanOf(failure, ancestor);
        this.add(child, parent);
        child = parent;
      }
    }
  }

  /** The failure whose span this is. */
  failureOf(of: { trace_id: string; span_id: string }): FailureFact | undefined {
    return this.failures.get(spanOf(of));
  }

  /** The innermost failure around a failure. */
  failureAround(failure: FailureFact): FailureFact | undefined {
    return this.around(failure, this.failures);
  }

  /** The innermost node attempt around a failure. */
  attemptAround(failure: FailureFact): AttemptFact | undefined {
    return this.around(failure, this.attempts);
  }

  /** When a failure ended, within the spans around it, and in how many it is. */
  placeOf(failure: FailureFact): { ended_at: string; depth: number } {
    const spans = this.ancestors(failure);
    let { ended_at } = failure;
    for (const span of spans) {
      const outer = this.attempts.get(span) ?? this.failures.get(span);
      if (!outer) continue;
      if (ended_at < outer.started_at) ended_at = outer.started_at;
      if (ended_at > outer.ended_at) ended_at = outer.ended_at;
    }
    return { ended_at, depth: spans.length };
  }

  /** Whether a failure happened inside a span. */
  isInside(failure: FailureFact, outer: { trace_id: string; span_id: string }): boolean {
    return this.ancestors(failure).includes(spanOf(outer));
  }

  private around<T>(failure: FailureFact, found: ReadonlyMap<string, T>): T | undefined {
    for (const span of this.ancestors(failure)) {
      const one = found.get(span);
      if (one) return one;
    }
    return undefined;
  }

  /** The spans around a failure, the innermost first; parents in a circle end it. */
  private ancestors(failure: FailureFact): string[] {
    const own = spanOf(failure);
    const known = this.found.get(own);
    if (known) return known;
    const seen = new Set([own]);
    let span = this.parents.get(own);
    for (; span !== undefined && !seen.has(span); span = this.parents.get(span)) seen.add(span);
    const ancestors = [...seen].slice(1);
    this.found.set(own, ancestors);
    return ancestors;
  }

  private add(child: string, parent: string): void {
    if (!parent.endsWith('/') && !this.parents.has(child)) this.parents.set(child, parent);
  }
}

/** A span's name among all traces. */
function spanOf(of: { trace_id: string; span_id: string }, spanId = of.span_id): string {
  return `${of.trace_id}/${spanId}`;
}
