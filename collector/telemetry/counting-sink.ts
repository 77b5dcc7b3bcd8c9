// Counts what is in accepted rows, on their way to the queue.
import { type Rows, TABLES, type Table } from '../rows.ts';
import type { Sink } from '../sink.ts';
import type { Sample } from './measure.ts';
import { RecentIds } from './recent-ids.ts';
import type { SnapshotRefs } from './snapshot-refs.ts';

/** About 8 MB of ids. */
const RECENT_FAILURES = 65_536;

/** Hands rows on, and counts them when they were accepted. */
export class CountingSink implements Sink {
  private readonly inner: Sink;
  private readonly refs: SnapshotRefs;
  private readonly rows = Object.fromEntries(TABLES.map((table) => [table, 0])) as Record<
    Table,
    number
  >;
  private readonly recent = new RecentIds(RECENT_FAILURES);
  private again = 0;

  constructor(inner: Sink, refs: SnapshotRefs) {
    this.inner = inner;
    this.refs = refs;
  }

  async accept(rows: Rows): Promise<void> {
    await this.inner.accept(rows);
    this.count(rows);
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }

  /** Failures that were among the newest accepted ones already. */
  get duplicateFailures(): number {
    return this.again;
  }

  acceptedRows(): Sample[] {
    return TABLES.map((table) => [{ table }, this.rows[table]]);
  }

  private count(rows: Rows): void {
    for (const table of TABLES) this.rows[table] += rows[table].length;
    for (const { failure_id } of rows.failures) {
      if (this.recent.seenBefore(failure_id)) this.again++;
    }
    this.refs.note(rows);
  }
}
