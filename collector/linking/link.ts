// What is known of a trace becomes new rows of `failures`. Pure: no clock, no I/O. Linking what is
// linked gives nothing, and rows that came in another order give the same failures.
import { isDeepStrictEqual } from 'node:util';
import { atOnce, eachInSteps, mapInSteps, type Steps } from '../decode/turns.ts';
import { classMarksOf, identified } from '../materialize/classify/identify.ts';
import type { ExceptionRecordRow, FailureRow, Rows, TraceSpanRow } from '../rows/rows.ts';
import { type Decision, decide } from './decide.ts';
import { withoutRecords, withRecords } from './exceptions.ts';
import { LOG_COLUMNS, markOf, SPAN_REVISION, TIED_BY, withMarks } from './marks.ts';
import { isOrphan, orphanOf, standsAlone } from './orphan.ts';
import { isOfRepeatedCalls, repeatedCalls } from './repeated-calls.ts';
import { revise } from './revise.ts';

import { needsNode, tied, untied } from './tie.ts';
import { type Known, keyOf, knownOf, type TraceRows } from './trace-rows.ts';
import {
  asConsequence,
  isConsequence,
  type Verdict,
  withoutVerdict,
  withVerdict,
} from './verdict.ts';

/**
 * `linked`: nothing is left. `resting`: all is linked, but a row that comes may know better.
 * `waiting`: something is not linked yet.
 */
export type TraceState = 'linked' | 'resting' | 'waiting';

export interface Linked {
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

/**
 * Takes rows as they are made: of a failure its new revision, and what hides the rows whose place that takes; runs and
 * attempts of other people's spans, with what is remembered of these.
 */
export type Emit = (rows: Partial<Rows>) => void;

/** Whether something has waited long enough for what should be around it. */
export interface Due {
  record(record: ExceptionRecordRow): boolean;
  /** @param spans of one trace */
  trace(spans: readonly TraceSpanRow[]): boolean;
}

/** Links the rows of one trace in steps: there may be as many as fit into memory. */
export function* linkInSteps(trace: TraceRows, due: Due, emit: Emit): Steps<Linked> {
  return yield* new TraceLinker(yield* knownOf(trace), emit).link(due);
}

/** Links them at once. */
export function linkTrace(trace: TraceRows, due: Due): Linked & { changes: Partial<Rows>[] } {
  const changes: Partial<Rows>[] = [];
  return { ...atOnce(linkInSteps(trace, due, (rows) => changes.push(rows))), changes };
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
  private readonly known: Known;
  private readonly emit: Emit;
  private readonly linked: Linked = {
    state: 'linked',
    joined: 0,
    tied: 0,
    orphans: 0,
    consequences: 0,
  };

  constructor(known: Known, emit: Emit) {
    this.known = known;
    this.emit = emit;
  }

  *link(due: Due): Steps<Linked> {
    const { failures, records, attemptSpans, spans, isOurs } = this.known;
    const repeated = isOurs ? new Map<string, FailureRow>() : yield* repeatedCalls(spans);
    const reported = new Map<string, FailureRow>();
    for (const [span, rows] of failures) {
      const isGone = isOrphan(rows[0]!)
        ? attemptSpans.has(span)
        : isOfRepeatedCalls(rows[0]!) && !repeated.has(span);
      if (isGone) this.hide(rows);
      else reported.set(span, this.report(rows));
      yield;
    }
    for (const [span, row] of repeated) reported.set(span, this.report([row]));
    const isDue = due.trace(spans);
    const parts = yield* this.partsWith(repeated);
    const decision = yield* decide(parts, [...reported.values()], isDue);
    const decided = new Map<string, FailureRow>();
    for (const verdict of this.verdictsOf(decision)) {
      this.apply(verdict, decided);
      yield;
    }
    yield* eachInSteps(reported, ([span, row]) =>
      this.change(failures.get(span) ?? [], decided.get(span) ?? row),
    );
    yield* revise(spans, isOurs ? NOTHING : decision, this.emit);
    if (decision.isOpen && !isDue) this.leaves('waiting');
    for (const [span, ofSpan] of records) {
      // The span has come, and reports no failure of its own or has reported it.
      if (failures.has(span) || attemptSpans.has(span)) continue;
      this.linkRecords(ofSpan, due);
      yield;
    }
    return this.linked;
  }

  /** Inside of our own run, other people's parts are calls: what we reported counts. */
  private *partsWith(repeated: Map<string, FailureRow>): Steps<readonly TraceSpanRow[]> {
    const { isOurs, spans } = this.known;
    if (isOurs) return yield* mapInSteps(spans, (row) => ({ ...row, part: 'operation' }));
    if (repeated.size === 0) return spans;
    return yield* mapInSteps(spans, (row) =>
      repeated.has(row.span_id) ? { ...row, state: 'degraded' } : row,
    );
  }

  /** Where spans of ours report a failure, it is theirs, and only others are its consequences. */
  private verdictsOf({ verdicts }: Decision): Verdict[] {
    if (!this.known.isOurs) return verdicts;
    const others = new Set(this.known.spans.map(({ span_id }) => span_id));
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
    const isTied = (this.known.isOurs || !this.known.hasParts) && needsNode(home);
    decided.set(home.span_id, isTied ? this.tie(home) : withVerdict(home, verdict));
    for (const row of consequences) decided.set(row.span_id, asConsequence(row, home));
  }

  private hide(rows: FailureRow[]): void {
    const revision = nextRevision(rows);
    const seen = rows.filter(({ is_deleted }) => is_deleted === 0);
    if (seen.length > 0) this.emit({ failures: seen.map((old) => hidden(old, revision)) });
  }

  /**
   * @param rows all that are there of one failure, the one that counts first; none of a new one
   * @param next what it should be
   */
  private change(rows: FailureRow[], next: FailureRow): void {
    const row = rows[0];
    if (row === undefined) {
      this.emit({ failures: [next] });
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
    if (change.length > 0) this.emit({ failures: change });
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
    this.emit({ failures: [needsNode(orphan) ? this.tie(orphan) : orphan] });
    this.linked.orphans++;
    this.leaves('resting');
  }

  /** The failure as its span and its log records report it. @param rows the one that counts first */
  private report([row]: FailureRow[]): FailureRow {
    const records = this.known.records.get(row!.span_id) ?? [];
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
    const around = this.known.surroundings.around(row);
    if (around === undefined) {
      this.leaves('waiting');
      return row;
    }
    if (!around.certain) this.leaves('resting');
    const nodeFailure = this.known.failures.get(around.attempt.span_id)?.[0];
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

const NOTHING: Decision = { verdicts: [], runs: new Map(), attempts: new Map(), isOpen: false };
