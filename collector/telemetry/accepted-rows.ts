// Counts what is in accepted rows.

import type { Observer } from '../queue/sink.ts';
import { TABLES, type Table } from '../rows/rows.ts';
import type { Sample } from '../serving/measure.ts';
import { RecentIds } from './recent-ids.ts';

/** 1 MiB. */
const RECENT_FAILURES = 131_072;

export class AcceptedRows {
  private readonly rows = Object.fromEntries(TABLES.map((table) => [table, 0])) as Record<
    Table,
    number
  >;
  private readonly recent = new RecentIds(RECENT_FAILURES);
  private again = 0;

  observe(): Observer {
    const counts = TABLES.map(() => 0);
    const ids: string[] = [];
    return {
      add: (rows) => {
        TABLES.forEach((table, i) => {
          counts[i]! += rows[table].length;
        });
        for (const { failure_id } of rows.failures) ids.push(failure_id);
      },
      accepted: () => {
        TABLES.forEach((table, i) => {
          this.rows[table] += counts[i]!;
        });
        for (const id of ids) if (this.recent.seenBefore(id)) this.again++;
      },
    };
  }

  /** Failures that were among the recent accepted ones already. */
  get duplicateFailures(): number {
    return this.again;
  }

  samples(): Sample[] {
    return TABLES.map((table) => [{ table }, this.rows[table]]);
  }
}
