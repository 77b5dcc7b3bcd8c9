// The rows of one trace, and what they say together.
import { eachInSteps, type Steps } from '../decode/turns.ts';
import type { ExceptionRecordRow, FailureRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import { byNewest } from './exceptions.ts';
import { isOrphan } from './orphan.ts';
import { Surroundings } from './surroundings.ts';
import { isConsequence } from './verdict.ts';

/** The rows of one trace, of each key the latest revision: also those that say that a failure is gone. */
export interface TraceRows {
  failures: FailureRow[];
  attempts: NodeAttemptRow[];
  exceptions: ExceptionRecordRow[];
  /** Spans of other people's instrumentations. */
  spans: TraceSpanRow[];
}

/** What the rows of a trace say together. */
export interface Known {
  /** By span; of each, the one that counts first. */
  failures: Map<string, FailureRow[]>;
  /** By span; of each, the newest first. */
  records: Map<string, ExceptionRecordRow[]>;
  /** Spans that have come and are no failures by that. */
  attemptSpans: Set<string>;
  spans: readonly TraceSpanRow[];
  surroundings: Surroundings;
  /** The trace is one of our own spans, in which others may stand as well. */
  isOurs: boolean;
  hasParts: boolean;
}

export function* knownOf({ failures, attempts, exceptions, spans }: TraceRows): Steps<Known> {
  const bySpan = yield* grouped(failures, byPrecedence);
  for (const [span, [best]] of bySpan) {
    // It is gone for good: its span came after all, and had not failed.
    if (best!.is_deleted === 1 && !isConsequence(best!)) bySpan.delete(span);
  }
  const latest = yield* latestOf(spans);
  const others = new Set(latest.map(({ span_id }) => span_id));
  const ours = attempts.filter(({ span_id }) => !others.has(span_id));
  yield;
  return {
    failures: bySpan,
    records: yield* grouped(exceptions, byNewest),
    attemptSpans: new Set([...ours.map(({ span_id }) => span_id), ...others]),
    spans: latest,
    surroundings: yield* Surroundings.of(ours, failures),
    isOurs:
      ours.length > 0 ||
      failures.some(
        (row) => row.level !== 'operation' && !others.has(row.span_id) && !isOrphan(row),
      ),
    hasParts: latest.some(({ part }) => part !== 'operation'),
  };
}

/** The latest revision of each span. */
function* latestOf(spans: readonly TraceSpanRow[]): Steps<TraceSpanRow[]> {
  const found = new Map<string, TraceSpanRow>();
  yield* eachInSteps(spans, (row) => {
    if ((found.get(row.span_id)?.revision ?? 0) < row.revision) found.set(row.span_id, row);
  });
  return [...found.values()];
}

/** The rows of each span, sorted; spans in an order that does not depend on that of the rows. */
function* grouped<Row extends { span_id: string }>(
  rows: readonly Row[],
  compare: (a: Row, b: Row) => number,
): Steps<Map<string, Row[]>> {
  const groups = new Map<string, Row[]>();
  // The store gives them in this order; to sort what is sorted takes no time.
  const sorted = [...rows].sort((a, b) =>
    a.span_id < b.span_id ? -1 : a.span_id > b.span_id ? 1 : 0,
  );
  yield* eachInSteps(sorted, (row) => {
    const group = groups.get(row.span_id);
    if (group) group.push(row);
    else groups.set(row.span_id, [row]);
  });
  yield* eachInSteps(groups.values(), (group) => group.sort(compare));
  return groups;
}

/** What counts more goes first: what a span reported, then the latest, then in any fixed order. */
function byPrecedence(a: FailureRow, b: FailureRow): number {
  const byKind =
    Number(isOrphan(a)) - Number(isOrphan(b)) ||
    b.revision - a.revision ||
    goneness(a) - goneness(b);
  return byKind || (keyOf(a) < keyOf(b) ? -1 : 1);
}

/** A consequence may come back; what only hides an old key says nothing of the failure. */
function goneness(row: FailureRow): number {
  if (row.is_deleted === 0) return 0;
  return isConsequence(row) ? 1 : 2;
}

/** The columns of the table's sort key; rows with the same are revisions of each other. */
export function keyOf(row: FailureRow): string {
  const { agent_id, fingerprint, timestamp, failure_id } = row;
  return JSON.stringify([agent_id, fingerprint, timestamp, failure_id]);
}
