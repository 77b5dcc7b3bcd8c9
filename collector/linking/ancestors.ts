// The spans around failed operations, as far as their own request tells of them. Most of these are
// good spans that are not kept, and without them nothing ties the operation to its node.
import { readParents } from '../decode/parents.ts';
import type { Encoding } from '../decode/response.ts';
import type { FailureRow } from '../rows/rows.ts';
import { needsNode } from './tie.ts';

/** Fills `ancestor_span_ids` of the failures that need it; reads the request again only for them. */
export function addAncestors(
  failures: readonly FailureRow[],
  body: Buffer,
  encoding: Encoding,
): void {
  const inside = failures.filter((row) => needsNode(row) && row.parent_span_id !== '');
  if (inside.length === 0) return;
  const parents = readParents(
    body,
    encoding,
    inside.map(({ trace_id }) => trace_id),
  );
  for (const row of inside) row.ancestor_span_ids = parents.around(row.trace_id, row.span_id);
}
