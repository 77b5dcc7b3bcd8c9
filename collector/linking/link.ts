// What is known of a trace becomes new rows of `failures`. Pure: no clock, no I/O. Linking what is
// linked gives nothing, and rows that came in another order give the same failures.
import { isDeepStrictEqual } from 'node:util';
import { classMarksOf, identified } from '../materialize/classify/identify.ts';
import type { ExceptionRecordRow, FailureRow, NodeAttemptRow } from '../rows/rows.ts';
import { newestFirst, withoutRecords, withRecords } from './exceptions.ts';
import { LOG_COLUMNS, markOf, TIED_BY, TOLD_REVISION, withMarks } from './marks.ts';
import { isOrphan, orphanOf, standsAlone } from './orphan.ts';
import { Surroundings } from './surroundings.ts';
import { needsNode, tied, untied } from './tie.ts';

/** The rows of one trace that a reader of the tables sees. */
export interface TraceRows {
  failures: FailureRow[];
  attempts: NodeAttemptRow[];
  exceptions: ExceptionRecordRow[];
}

/**
 * `linked`: nothing is left. `resting`: all is linked, but a row that comes may tell better.
 * `waiting`: something is not linked yet.
 */
export type TraceState = 'linked' | 'resting' | 'waiting';

export interface Linked {
  /** For each failure its new revision, and what hides the rows whose place that takes. */
  changes: FailureRow[][];
  state: TraceState;
  /** How many failures got an exception from a log record. */
  joined: number;
  /** How many operations got their node. */
  tied: number;
  /** How many failures only a log record tells of, made now. */
  orphans: number;
}

/**
 * Links the rows of one trace.
 * @param isDue whether a record has waited long enough for its span
 */
export function linkTrace(
  trace: TraceRows,
  isDue: (record: ExceptionRecordRow) => boolean,
): Linked {
  return new TraceLinker(trace).link(isDue);
}

/** Columns that linking may change and that make class and fingerprint. */
const IDENTIFYING = [
  'agent_id',
  'node_id',
  'error_type',
  'error_message',
  'stack_trace',
] as const satisfies (keyof FailureRow)[];

class TraceLinker {
  private readonly failures: Map<string, FailureRow[]>;
  private readonly records: Map<string, ExceptionRecordRow[]>;
  private readonly attemptSpans: Set<string>;
  private readonly surroundings: Surroundings;
  private readonly linked: Linked = {
    changes: [],
    state: 'linked',
    joined: 0,
    tied: 0,
    orphans: 0,
  };

  constructor({ failures, attempts, exceptions }: TraceRows) {
    this.failures = bySpan([...failures].sort(byPrecedence));
    this.records = bySpan(newestFirst(exceptions));
    this.attemptSpans = new Set(attempts.map(({ span_id }) => span_id));
    this.surroundings = new Surroundings(attempts, failures);
  }

  link(isDue: (record: ExceptionRecordRow) => boolean): Linked {
    for (const rows of this.failures.values()) this.linkFailure(rows);
    for (const [span, records] of this.records) {
      // The span has come, and tells no failure of its own or has told it.
      if (this.failures.has(span) || this.attemptSpans.has(span)) continue;
      this.linkRecords(records, isDue);
    }
    return this.linked;
  }

  /** @param rows all that are seen of one failure, the one that counts first */
  private linkFailure([best, ...others]: FailureRow[]): void {
    const row = best!;
    const revision = [row, ...others].reduce((max, other) => Math.max(max, other.revision), 0) + 1;
    if (isOrphan(row) && this.attemptSpans.has(row.span_id)) {
      // The span has come after all, and did not fail.
      this.linked.changes.push([row, ...others].map((old) => hidden(old, revision)));
      return;
    }
    const next = this.complete(row, revision);
    const change: FailureRow[] = [];
    const replaced = [...others];
    if (!isDeepStrictEqual({ ...next, revision: row.revision }, row)) {
      change.push(next);
      replaced.push(row);
      if (markOf(next, LOG_COLUMNS) !== markOf(row, LOG_COLUMNS)) this.linked.joined++;
      if (markOf(next, TIED_BY) !== '' && markOf(row, TIED_BY) === '') this.linked.tied++;
    }
    for (const old of replaced) {
      // Under its own key the next revision wins by itself.
      if (keyOf(old) !== keyOf(next)) change.push(hidden(old, revision));
    }
    if (change.length > 0) this.linked.changes.push(change);
    if (isOrphan(next)) this.leaves('resting');
  }

  /** @param records of a span that has no row, the newest first */
  private linkRecords(
    records: ExceptionRecordRow[],
    isDue: (record: ExceptionRecordRow) => boolean,
  ): void {
    const first = records.findLast(standsAlone);
    if (first === undefined || !isDue(first)) {
      this.leaves('waiting');
      return;
    }
    const revision = TOLD_REVISION + 1;
    this.linked.changes.push([this.complete(orphanOf(first, revision), revision)]);
    this.linked.orphans++;
    this.leaves('resting');
  }

  /** The failure with all that is known now, from what its span told. */
  private complete(row: FailureRow, revision: number): FailureRow {
    const records = this.records.get(row.span_id) ?? [];
    let next: FailureRow = { ...row, revision };
    if (row.revision === TOLD_REVISION) {
      next.attributes = withMarks(row.attributes, classMarksOf(row.attributes));
    }
    next = untied(next);
    const told = withoutRecords(next, records);
    if (told) next = withRecords(told, records);
    if (needsNode(next)) next = this.tie(next);
    const isSame = IDENTIFYING.every((column) => next[column] === row[column]);
    return isSame && row.fingerprint !== '' ? next : identified(next);
  }

  private tie(row: FailureRow): FailureRow {
    const around = this.surroundings.around(row);
    if (around === undefined) {
      this.leaves('waiting');
      return row;
    }
    if (!around.certain) this.leaves('resting');
    const nodeFailure = this.failures.get(around.attempt.span_id)?.[0];
    return tied(row, around, nodeFailure);
  }

  private leaves(state: TraceState): void {
    if (this.linked.state !== 'waiting') this.linked.state = state;
  }
}

/** The row that says: under this key there is none any more. */
function hidden(row: FailureRow, revision: number): FailureRow {
  return { ...row, revision, is_deleted: 1 };
}

function bySpan<Row extends { span_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.span_id);
    if (group) group.push(row);
    else groups.set(row.span_id, [row]);
  }
  return groups;
}

/** What counts more goes first: what a span told, then the latest, then in any fixed order. */
function byPrecedence(a: FailureRow, b: FailureRow): number {
  const byKind = Number(isOrphan(a)) - Number(isOrphan(b)) || b.revision - a.revision;
  return byKind || (keyOf(a) < keyOf(b) ? -1 : 1);
}

/** The columns of the table's sort key; rows with the same are revisions of each other. */
function keyOf(row: FailureRow): string {
  const { agent_id, fingerprint, timestamp, failure_id } = row;
  return JSON.stringify([agent_id, fingerprint, timestamp, failure_id]);
}
