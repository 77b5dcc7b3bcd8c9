import type { Intake, Sink } from '../../collector/queue/sink.ts';
import { appendRows, emptyRows } from '../../collector/rows/rows.ts';

/** Keeps rows in memory; throws `failWith` instead while it is set. */
export class MemorySink implements Sink {
  rows = emptyRows();
  failWith: Error | undefined;

  open(): Intake {
    const all = emptyRows();
    return {
      add: (rows) => appendRows(all, rows),
      commit: async () => {
        if (this.failWith) throw this.failWith;
        appendRows(this.rows, all);
      },
    };
  }

  receivedAt(_traceId: string, _spanId: string, now: bigint): bigint {
    return now;
  }
}
