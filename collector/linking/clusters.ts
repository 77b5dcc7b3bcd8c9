// Failed spans of a trace that report one failure: the one where it began, and those that it passed
// through on its way out.
import { eachInSteps, mapInSteps, type Steps } from '../decode/turns.ts';
import type { FailureRow } from '../rows/rows.ts';
import { contains, type Interval, intervalOf, lengthOf } from './interval.ts';
import { isSameException } from './same-exception.ts';
import type { TraceTree } from './trace-tree.ts';

/** The reports of one failure, the innermost first. */
export type Cluster = [FailureRow, ...FailureRow[]];

interface Failed {
  row: FailureRow;
  interval: Interval;
  /** Failed spans directly inside, with no failed span between. */
  inside: Failed[];
  /** The one inside that this one failed because of. */
  cause: Failed | undefined;
}

/** Above so many failed spans, times are not compared to find which is around which. */
const MOST_TIMED = 1_000;
/** Failed spans inside one whose exceptions are compared, the last that ended first. */
const MOST_COMPARED = 64;

/** @param failures one row for each failed span */
export function* clustersOf(failures: readonly FailureRow[], tree: TraceTree): Steps<Cluster[]> {
  // Whatever order they came in.
  const sorted = [...failures].sort((a, b) => (a.span_id < b.span_id ? -1 : 1));
  const failed = yield* mapInSteps(
    sorted,
    (row): Failed => ({ row, interval: intervalOf(row), inside: [], cause: undefined }),
  );
  const bySpan = new Map(failed.map((one) => [one.row.span_id, one]));
  yield* eachInSteps(failed, (one) => {
    const around = aroundOf(one, bySpan, failed, tree);
    if (around !== undefined && !isWithin(around, one)) around.inside.push(one);
  });
  const caused = new Set<Failed>();
  for (const one of failed) {
    one.cause = causeOf(one);
    if (one.cause) caused.add(one.cause);
    yield;
  }
  // Each chain is read from its outermost report.
  const outermost = failed.filter((one) => !caused.has(one));
  return yield* mapInSteps(outermost, chainOf);
}

function chainOf(outermost: Failed): Cluster {
  const chain = new Set<Failed>();
  for (let one: Failed | undefined = outermost; one && !chain.has(one); one = one.cause) {
    chain.add(one);
  }
  return [...chain].map(({ row }) => row).reverse() as Cluster;
}

function causeOf({ row, inside, interval }: Failed): Failed | undefined {
  return inside
    .sort((a, b) =>
      a.interval.end === b.interval.end ? 0 : a.interval.end > b.interval.end ? -1 : 1,
    )
    .slice(0, MOST_COMPARED)
    .find((one) => one.interval.start <= interval.end && isSameException(row, one.row));
}

function aroundOf(
  one: Failed,
  bySpan: Map<string, Failed>,
  failed: readonly Failed[],
  tree: TraceTree,
): Failed | undefined {
  for (const id of tree.spansAround(one.row.span_id)) {
    const around = bySpan.get(id);
    if (around !== undefined) return around;
  }
  // Up from the part that is around it, where spans between are missing.
  const part = tree.part(one.row.span_id) ?? tree.around(one.row);
  const start = part?.row.span_id === one.row.span_id ? part.parent : part;
  for (let around = start; around !== undefined; around = around.parent) {
    const found = bySpan.get(around.row.span_id);
    if (found !== undefined) return found;
  }
  if (start !== undefined || part !== undefined || failed.length > MOST_TIMED) return undefined;
  return byTime(one, failed);
}

/** Of spans that no part is around: the shortest that ran around it. */
function byTime(one: Failed, failed: readonly Failed[]): Failed | undefined {
  let found: Failed | undefined;
  for (const other of failed) {
    if (other === one || !contains(other.interval, one.interval)) continue;
    if (lengthOf(other.interval) === lengthOf(one.interval)) continue;
    if (found === undefined || contains(found.interval, other.interval)) found = other;
  }
  return found;
}

/** Whether `around` lies inside of `one`, by spans that name each other. */
function isWithin(around: Failed, one: Failed): boolean {
  const left = [...one.inside];
  const seen = new Set<Failed>();
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === around) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    for (const inner of next.inside) left.push(inner);
  }
  return false;
}
