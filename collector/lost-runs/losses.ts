// The failures of lost runs as they are stored.
import type { FailureRow } from '../rows/rows.ts';

/** All rows of one lost run's failure. */
export interface Lost {
  rows: FailureRow[];
  /** Those that a reader of the table sees; more than one when collectors knew different halves. */
  visible: FailureRow[];
  /** The highest of all. */
  revision: number;
}

/** Of each failure the rows, those that are seen in a fixed order: the highest revision first. */
export function byFailure(rows: readonly FailureRow[]): Map<string, Lost> {
  const found = new Map<string, Lost>();
  for (const row of rows) {
    const lost = found.get(row.failure_id) ?? { rows: [], visible: [], revision: 0 };
    lost.rows.push(row);
    if (row.is_deleted === 0) lost.visible.push(row);
    lost.revision = Math.max(lost.revision, row.revision);
    found.set(row.failure_id, lost);
  }
  for (const { visible } of found.values()) {
    visible.sort((a, b) => b.revision - a.revision || (placeOf(a) < placeOf(b) ? -1 : 1));
  }
  return found;
}

const placeOf = ({ timestamp, fingerprint }: FailureRow): string => `${timestamp} ${fingerprint}`;
