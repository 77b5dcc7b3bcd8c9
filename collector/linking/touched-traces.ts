import type { Rows } from '../rows/rows.ts';
import { needsNode } from './tie.ts';

/** The traces of the rows of a request. */
export class TouchedTraces {
  /** With rows that are to be linked. */
  readonly unlinked = new Set<string>();
  /** With spans of others, of which nothing failed so far. */
  readonly foreign = new Set<string>();
  /** With rows that others may be linked to. */
  readonly others = new Set<string>();

  add(rows: Rows): void {
    for (const { trace_id } of rows.exception_records) this.unlinked.add(trace_id);
    for (const row of rows.failures) {
      if (needsNode(row)) this.unlinked.add(row.trace_id);
      else this.others.add(row.trace_id);
    }
    for (const { trace_id, state } of rows.trace_spans) {
      (state === 'failed' || state === 'degraded' ? this.unlinked : this.foreign).add(trace_id);
    }
    for (const { trace_id } of rows.node_attempts) this.others.add(trace_id);
  }
}
