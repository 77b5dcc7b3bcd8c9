// While two versions of the fingerprint are computed: merges each group of the new one into that of the
// old one, as somebody would by hand, and a split undoes it.

import { uuidOf } from '../../instrumentation/semconv/failure-id.ts';
import { previousFingerprint } from '../materialize/classify/identify.ts';
import { VERSIONS } from '../materialize/fingerprint/versions.ts';
import { type Intake, openIntake, type Sink } from '../queue/sink.ts';
import type { FailureRow, GroupEventRow, Rows } from '../rows/rows.ts';

/** Links that are remembered, so that not every failure tells its own again. */
const REMEMBERED = 10_000;

/** The sink that also tells links; the same sink while there is one version. */
export function linkingVersions<S extends Sink>(sink: S): S {
  if (!VERSIONS.previous) return sink;
  const told = new Set<string>();
  const linked = (rows: Rows): Rows => {
    const links = rows.failures.flatMap((row) => linkOf(row, told));
    return { ...rows, group_events: [...rows.group_events, ...links] };
  };
  const open = (): Intake => {
    const intake = openIntake(sink);
    return { add: (rows) => intake.add(linked(rows)), commit: () => intake.commit() };
  };
  return Object.assign(Object.create(sink), {
    accept: (rows: Rows) => sink.accept(linked(rows)),
    open,
  });
}

/**
 * One event for each new fingerprint, whatever the old ones are: of one event the earliest row counts, so
 * a fingerprint that joins two old groups goes to that which failed first, and never merges the two.
 */
function linkOf(row: FailureRow, told: Set<string>): GroupEventRow[] {
  const { agent_id, fingerprint, timestamp } = row;
  const previous = previousFingerprint(row);
  if (previous === undefined || previous === fingerprint || row.is_deleted) return [];
  if (told.has(fingerprint)) return [];
  if (told.size >= REMEMBERED) told.clear();
  told.add(fingerprint);
  return [
    {
      timestamp,
      event_id: uuidOf(`version of ${fingerprint}`),
      agent_id,
      fingerprint,
      kind: 'merge',
      other_fingerprint: previous,
      value: '',
      author: 'faultline',
      reason: 'The same failure in an older version of the fingerprint.',
      evolution_id: '',
    },
  ];
}
