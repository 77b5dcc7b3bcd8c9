import type { Sink } from '../../collector/queue/sink.ts';
import { appendRows, emptyRows, type Rows } from '../../collector/rows/rows.ts';

/** Keeps rows in memory; throws `failWith` instead while it is set. */
export class MemorySink implements Sink {
  rows = emptyRows();
  failWith: Error | undefined;

  async accept(rows: Rows): Promise<void> {
    if (this.failWith) throw this.failWith;
    appendRows(this.rows, rows);
  }
}
