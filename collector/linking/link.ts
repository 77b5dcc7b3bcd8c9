// What is known of a trace becomes new rows of `failures`. Pure: no clock, no I/O. Linking what is
// linked gives nothing, and rows that came in another order give the same failures.
import { isDeepStrictEqual } from 'node:util';
import { classMarksOf, identified } from '../materialize/classify/identify.ts';
import type { ExceptionRecordRow, FailureRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import { type Decision, decide, type Verdict } from './decide.ts';
import { newestFirst, withoutRecords, withRecords } from './exceptions.ts';
import { LOG_COLUMNS, markOf, SPAN_REVISION, TIED_BY, withMarks } from './marks.ts';
import { isOrphan, orphanOf, standsAlone } from './orphan.ts';
import { isOfRepeatedCalls, repeatedCalls } from './repeated-calls.ts';
import { type Revised, revise } from './revise.ts';
import { Surroundings } from './surroundings.ts';
import { needsNode, tied, untied } from './tie.ts';
import { asConsequence, isConsequence, withoutVerdict, withVerdict } from './verdict.ts';

/** The rows of one trace, of each key the latest revision: also those that say that a failure is gone. */
export interface TraceRows {
  failures: FailureRow[];
  attempts: NodeAttemptRow[];
  exceptions: ExceptionRecordRow[];
  /** Spans of other people's instrumentations. */
  spans: TraceSpanRow[];
}

/**
 * `linked`: nothing is left. `resting`: all is linked, but a row that comes may know better.
 * `waiting`: something is not linked yet.
 */
export type TraceState = 'linked' | 'resting' | 'waiting';

export interface Linked {
  /** For each failure its new revision, and what hides the rows whose place that takes. */
  changes: FailureRow[][];
  /** Runs and attempts of other people's spans, and what is remembered of these. */
  revised: Revised;
  state: TraceState;
  /** How many failures got an exception from a log record. */
  joined: number;
  /** How many operations got their node. */
  tied: number;
  /** How many failures only a log record reports, made now. */
  orphans: number;
  /** How many reports turned out to be consequences of another failure. */
  consequences: number;
}

/** Whether something has waited long enough for what should be around it. */
export interface Due {
  record(record: ExceptionRecordRow): boolean;
  /** @param spans of one trace */
  trace(spans: readonly TraceSpanRow[]): boolean;
}

/** Links the rows of one trace. */
export function linkTrace(trace: TraceRows, due: Due): Linked {
  return new TraceLinker(trace).link(due);
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
  private readonly spans: readonly TraceSpanRow[];
  private readonly surroundings: Surroundings;
  /** The trace is one of our own spans, in which others may stand as well. */
  private readonly isOurs: boolean;
  private readonly hasParts: boolean;
  private readonly linked: Linked = {
    changes: [],
    revised: { node_attempts: [], graph_runs: [], trace_spans: [] },
    state: 'linked',
    joined: 0,
    tied: 0,
    orphans: 0,
    consequences: 0,
  };

  constructor({ failures, attempts, exceptions, spans }: TraceRows) {
    this.failures = bySpan([...failures].sort(byPrecedence));
    for (const [span, [best]] of this.failures) {
      // It is gone for good: its span came after all, and had not failed.
      if (best!.is_deleted === 1 && !isConsequence(best!)) this.failures.delete(span);
    }
    this.records = bySpan(newestFirst(exceptions));
    this.spans = latest(spans);
    const others = new Set(this.spans.map(({ span_id }) => span_id));
    const ours = attempts.filter(({ span_id }) => !others.has(span_id));
    this.attemptSpans = new Set([...ours.map(({ span_id }) => span_id), ...others]);
    this.isOurs =
      ours.length > 0 ||
      failures.some(
        (row) => row.level !== 'operation' && !others.has(row.span_id) && !isOrphan(row),
      );
    this.hasParts = this.spans.some(({ part }) => part !== 'operation');
    this.surroundings = new Surroundings(ours, failures);
  }

  link(due: Due): Linked {
    const repeated = this.isOurs ? new Map<string, FailureRow>() : repeatedCalls(this.spans);
    const reported = new Map<string, FailureRow>();
    for (const [span, rows] of this.failures) {
      const isGone = isOrphan(rows[0]!)
        ? this.attemptSpans.has(span)
        : isOfRepeatedCalls(rows[0]!) && !repeated.has(span);
      if (isGone) this.hide(rows);
      else reported.set(span, this.report(rows));
    }
    for (const [span, row] of repeated) reported.set(span, this.report([row]));
    const isDue = due.trace(this.spans);
    const decision = decide(this.partsWith(repeated), [...reported.values()], isDue);
    const decided = new Map<string, FailureRow>();
    for (const verdict of this.verdictsOf(decision)) this.apply(verdict, decided);
    for (const [span, row] of reported)
      this.change(this.failures.get(span) ?? [], decided.get(span) ?? row);
    this.linked.revised = revise(this.spans, this.isOurs ? NOTHING : decision);
    if (decision.isOpen && !isDue) this.leaves('waiting');
    for (const [span, records] of this.records) {
      // The span has come, and reports no failure of its own or has reported it.
      if (this.failures.has(span) || this.attemptSpans.has(span)) continue;
      this.linkRecords(records, due);
    }
    return this.linked;
  }

  /** Inside of our own run, other people's parts are calls: what we reported counts. */
  private partsWith(repeated: Map<string, FailureRow>): readonly TraceSpanRow[] {
    if (this.isOurs) return this.spans.map((row) => ({ ...row, part: 'operation' }));
    if (repeated.size === 0) return this.spans;
    return this.spans.map((row) =>
      repeated.has(row.span_id) ? { ...row, state: 'degraded' } : row,
    );
  }

  /** Where spans of ours report a failure, it is theirs, and only others are its consequences. */
  private verdictsOf({ verdicts }: Decision): Verdict[] {
    if (!this.isOurs) return verdicts;
    const others = new Set(this.spans.map(({ span_id }) => span_id));
    return verdicts.flatMap((verdict) => {
      const all = [verdict.home, ...verdict.consequences];
      const ours = all.filter(({ span_id }) => !others.has(span_id));
      const home = ours[0] ?? verdict.home;
      const consequences = all.filter((row) => row !== home && others.has(row.span_id));
      return [
        { home, columns: {}, consequences },
        ...ours.slice(1).map((row) => ({ home: row, columns: {}, consequences: [] })),
      ];
    });
  }

  private apply(verdict: Verdict, decided: Map<string, FailureRow>): void {
    const { home, consequences } = verdict;
    const isTied = (this.isOurs || !this.hasParts) && needsNode(home);
    decided.set(home.span_id, isTied ? this.tie(home) : withVerdict(home, verdict));
    for (const row of consequences) decided.set(row.span_id, asConsequence(row, home));
  }

  private hide(rows: FailureRow[]): void {
    const revision = nextRevision(rows);
    const seen = rows.filter(({ is_deleted }) => is_deleted === 0);
    if (seen.length > 0) this.linked.changes.push(seen.map((old) => hidden(old, revision)));
  }

  /**
   * @param rows all that are there of one failure, the one that counts first; none of a new one
   * @param next what it should be
   */
  private change(rows: FailureRow[], next: FailureRow): void {
    const row = rows[0];
    if (row === undefined) {
      this.linked.changes.push([next]);
      return;
    }
    const revision = nextRevision(rows);
    const change: FailureRow[] = [];
    const isChanged = !isDeepStrictEqual({ ...next, revision: row.revision }, row);
    if (isChanged) {
      change.push({ ...next, revision });
      if (markOf(next, LOG_COLUMNS) !== markOf(row, LOG_COLUMNS)) this.linked.joined++;
      if (markOf(next, TIED_BY) !== '' && markOf(row, TIED_BY) === '') this.linked.tied++;
      if (isConsequence(next) && !isConsequence(row)) this.linked.consequences++;
    }
    for (const old of rows) {
      // Under its own key the next revision wins by itself.
      const isReplaced = old !== row || isChanged;
      if (isReplaced && old.is_deleted === 0 && keyOf(old) !== keyOf(next)) {
        change.push(hidden(old, revision));
      }
    }
    if (change.length > 0) this.linked.changes.push(change);
    if (isOrphan(next)) this.leaves('resting');
  }

  /** @param records of a span that has no row, the newest first */
  private linkRecords(records: ExceptionRecordRow[], due: Due): void {
    const first = records.findLast(standsAlone);
    if (first === undefined || !due.record(first)) {
      this.leaves('waiting');
      return;
    }
    const revision = SPAN_REVISION + 1;
    const orphan = this.report([orphanOf(first, revision)]);
    this.linked.changes.push([needsNode(orphan) ? this.tie(orphan) : orphan]);
    this.linked.orphans++;
    this.leaves('resting');
  }

  /** The failure as its span and its log records report it. @param rows the one that counts first */
  private report([row]: FailureRow[]): FailureRow {
    const records = this.records.get(row!.span_id) ?? [];
    // What is learnt has a later revision: marks on the first are the span's own words.
    let next: FailureRow = { ...row!, is_deleted: 0 };
    if (row!.revision === SPAN_REVISION) {
      next.attributes = withMarks(row!.attributes, classMarksOf(row!.attributes));
    }
    next = untied(withoutVerdict(next));
    next.revision = Math.max(row!.revision, SPAN_REVISION + 1);
    const own = withoutRecords(next, records);
    if (own) next = withRecords(own, records);
    const isSame = IDENTIFYING.every((column) => next[column] === row![column]);
    return isSame && row!.fingerprint !== '' ? next : identified(next);
  }

  private tie(row: FailureRow): FailureRow {
    const around = this.surroundings.around(row);
    if (around === undefined) {
      this.leaves('waiting');
      return row;
    }
    if (!around.certain) this.leaves('resting');
    const nodeFailure = this.failures.get(around.attempt.span_id)?.[0];
    const next = tied(row, around, nodeFailure);
    return next === row ? row : identified(next);
  }

  private leaves(state: TraceState): void {
    if (this.linked.state !== 'waiting') this.linked.state = state;
  }
}

/** The row that says: under this key there is none any more. */
function hidden(row: FailureRow, revision: number): FailureRow {
  return { ...row, revision, is_deleted: 1 };
}

function nextRevision(rows: readonly FailureRow[]): number {
  return rows.reduce((most, { revision }) => Math.max(most, revision), 0) + 1;
}

/** The latest revision of each span. */
function latest(spans: readonly TraceSpanRow[]): TraceSpanRow[] {
  const found = new Map<string, TraceSpanRow>();
  for (const row of spans) {
    if ((found.get(row.span_id)?.revision ?? 0) < row.revision) found.set(row.span_id, row);
  }
  return [...found.values()];
}

const NOTHING: Decision = { verdicts: [], runs: new Map(), attempts: new Map(), isOpen: false };

function bySpan<Row extends { span_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.span_id);
    if (group) group.push(row);
    else groups.set(row.span_id, [row]);
  }
  return groups;
}

/** What counts more goes first: what a span reported, then the latest, then in any fixed order. */
function byPrecedence(a: FailureRow, b: FailureRow): number {
  const byKind =
    Number(isOrphan(a)) - Number(isOrphan(b)) ||
    b.revision - a.revision ||
    goneness(a) - goneness(b);
  return byKind || (keyOf(a) < keyOf(b) ? -1 : 1);
}

/** A consequence may come back; what only hides an old key says nothing of the failure. */
function goneness(row: FailureRow): number {
  if (row.is_deleted === 0) return 0;
  return isConsequence(row) ? 1 : 2;
}

/** The columns of the table's sort key; rows with the same are revisions of each other. */
function keyOf(row: FailureRow): string {
  const { agent_id, fingerprint, timestamp, failure_id } = row;
  return JSON.stringify([agent_id, fingerprint, timestamp, failure_id]);
}
