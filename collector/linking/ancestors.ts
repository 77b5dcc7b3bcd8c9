// The spans around some, as far as their own request holds them. Most of these are good spans that are
// not kept, and without them nothing ties an operation to its node, or a node to its run.
import { readParents } from '../decode/parents.ts';
import type { Encoding } from '../decode/response.ts';
import type { Steps } from '../decode/turns.ts';
import type { FailureRow, TraceSpanRow } from '../rows/rows.ts';

/** Stands for the parent of a span that has none, at the end of the ancestors of another. */
export const TOP = '-';

/** Rows whose spans around are looked up in one step. */
const ROWS_AT_ONCE = 256;

/** Fills `ancestor_span_ids` of those that need it; reads the request again only for them. */
export function* addAncestors(
  failures: readonly FailureRow[],
  spans: readonly TraceSpanRow[],
  body: Buffer,
  encoding: Encoding,
): Steps<void> {
  const known = new Set(spans.map((row) => row.trace_id + row.span_id));
  const inside = [
    ...failures.filter((row) => row.level === 'operation' && row.parent_span_id !== ''),
    // What is around a part is mostly a part of the same request.
    ...spans.filter((row) => row.is_top === 0 && !known.has(row.trace_id + row.parent_span_id)),
  ];
  if (inside.length === 0) return;
  const parents = yield* readParents(
    body,
    encoding,
    inside.map(({ trace_id }) => trace_id),
  );
  for (const [index, row] of inside.entries()) {
    if (index % ROWS_AT_ONCE === 0) yield;
    const { spanIds, isWhole } = parents.around(row.trace_id, row.span_id);
    row.ancestor_span_ids = isWhole && 'is_top' in row ? [...spanIds, TOP] : spanIds;
  }
}
