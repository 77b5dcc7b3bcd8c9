// Counts what is in accepted rows, on their way to the queue.
import { type Rows, TABLES, type Table } from '../rows.ts';
import { type Intake, openIntake, type Sink } from '../sink.ts';
import type { Sample } from './measure.ts';
import { RecentIds } from './recent-ids.ts';
import { type SnapshotRefs, UsedRefs } from './snapshot-refs.ts';

/** 1 MiB. */
const RECENT_FAILURES = 131_072;

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

  accept(rows: Rows): Promise<void> {
    const intake = this.open();
    intake.add(rows);
    return intake.commit();
  }

  open(): Intake {
    const inner = openIntake(this.inner);
    const counts = TABLES.map(() => 0);
    const ids: string[] = [];
    const refs = new UsedRefs();
    return {
      add: (rows) => {
        inner.add(rows);
        TABLES.forEach((table, i) => {
          counts[i]! += rows[table].length;
        });
        for (const { failure_id } of rows.failures) ids.push(failure_id);
        refs.add(rows);
      },
      commit: async () => {
        await inner.commit();
        TABLES.forEach((table, i) => {
          this.rows[table] += counts[i]!;
        });
        for (const id of ids) if (this.recent.seenBefore(id)) this.again++;
        this.refs.note(refs);
      },
    };
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }

  /** Failures that were among the recent accepted ones already. */
  get duplicateFailures(): number {
    return this.again;
  }

  acceptedRows(): Sample[] {
    return TABLES.map((table) => [{ table }, this.rows[table]]);
  }
}
