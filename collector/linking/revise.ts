// Runs and attempts that were decided, against those that were written before: what is new, what has
// changed, and what has to be taken back under its old key.
import { isDeepStrictEqual } from 'node:util';
import { eachInSteps, mapInSteps, type Steps } from '../decode/turns.ts';
import type { GraphRunRow, NodeAttemptRow, Rows, TraceSpanRow } from '../rows/rows.ts';
import type { Decision } from './decide.ts';
import { addTime } from './times.ts';

type Revised = Pick<Rows, 'node_attempts' | 'graph_runs' | 'trace_spans'>;

/** What was made of a span, as its row keeps it. */
interface Linked {
  run?: GraphRunRow | undefined;
  attempt?: NodeAttemptRow | undefined;
}

/**
 * @param spans the latest revision of each of a trace
 * @param emit gets for each that has changed its rows, and what is remembered of them
 */
export function* revise(
  spans: readonly TraceSpanRow[],
  { runs, attempts }: Decision,
  emit: (rows: Revised) => void,
): Steps<void> {
  const told_at = versionOf(spans);
  // A run's key may go from one span to another: what has it now must not be taken back.
  const keys = new Set(yield* mapInSteps(runs.values(), keyOfRun));
  yield* eachInSteps(spans, (span) => {
    const before = linkedOf(span);
    const after: Linked = { run: runs.get(span.span_id), attempt: attempts.get(span.span_id) };
    const revision = span.revision + 1;
    const isSameRun = isSame(before.run, after.run, 'told_at');
    const isSameAttempt = isSame(before.attempt, after.attempt, 'revision');
    if (isSameRun && isSameAttempt) return;
    const linked: Linked = {
      run: isSameRun ? before.run : after.run && { ...after.run, told_at },
      attempt: isSameAttempt ? before.attempt : withRevision(after.attempt, revision),
    };
    const revised: Revised = {
      node_attempts: [],
      graph_runs: [],
      trace_spans: [{ ...span, linked: JSON.stringify(linked), revision }],
    };
    if (!isSameRun) {
      const gone = replaced(before.run, linked.run, keyOfRun);
      if (gone && !keys.has(keyOfRun(gone))) revised.graph_runs.push({ ...gone, told_at });
      if (linked.run) revised.graph_runs.push(linked.run);
    }
    if (!isSameAttempt) {
      const gone = replaced(before.attempt, linked.attempt, keyOfAttempt);
      if (gone) revised.node_attempts.push({ ...gone, revision });
      if (linked.attempt) revised.node_attempts.push(linked.attempt);
    }
    emit(revised);
  });
}

function linkedOf({ linked }: TraceSpanRow): Linked {
  return linked === '' ? {} : (JSON.parse(linked) as Linked);
}

/** Whether two rows say the same but for their version. */
function isSame<Row extends object>(
  a: Row | undefined,
  b: Row | undefined,
  version: keyof Row,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return isDeepStrictEqual({ ...a, [version]: '' }, { ...b, [version]: '' });
}

/** What hides a row whose key nothing has any more; undefined when there is no such row. */
function replaced<Row extends object>(
  before: Row | undefined,
  after: Row | undefined,
  keyOf: (row: Row) => string,
): Row | undefined {
  const isMoved = before !== undefined && (after === undefined || keyOf(before) !== keyOf(after));
  return isMoved ? { ...before, is_deleted: 1 } : undefined;
}

function withRevision<Row extends NodeAttemptRow | undefined>(row: Row, revision: number): Row {
  return row === undefined ? row : { ...row, revision };
}

/**
 * The version of what is written of a trace's runs now: later than all that was written of them before,
 * under whatever key.
 */
function versionOf(spans: readonly TraceSpanRow[]): string {
  let last = '1970-01-01 00:00:00.000000000';
  let revisions = 1;
  for (const { timestamp, revision } of spans) {
    if (timestamp > last) last = timestamp;
    revisions += revision;
  }
  return addTime(last, BigInt(revisions));
}

function keyOfRun({ agent_id, run_id }: GraphRunRow): string {
  return JSON.stringify([agent_id, run_id]);
}

function keyOfAttempt({
  agent_id,
  node_id,
  graph_snapshot_ref,
  timestamp,
}: NodeAttemptRow): string {
  return JSON.stringify([agent_id, node_id, graph_snapshot_ref, timestamp]);
}
