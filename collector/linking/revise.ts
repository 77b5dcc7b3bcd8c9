// Runs and attempts that were decided, against those that were written before: what is new, what has
// changed, and what has to be taken back under its old key.
import { isDeepStrictEqual } from 'node:util';
import type { GraphRunRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import type { Decision } from './decide.ts';
import { addTime } from './times.ts';

export interface Revised {
  node_attempts: NodeAttemptRow[];
  graph_runs: GraphRunRow[];
  trace_spans: TraceSpanRow[];
}

/** What was made of a span, as its row keeps it. */
interface Linked {
  run?: GraphRunRow | undefined;
  attempt?: NodeAttemptRow | undefined;
}

/** @param spans the latest revision of each of a trace */
export function revise(spans: readonly TraceSpanRow[], { runs, attempts }: Decision): Revised {
  const revised: Revised = { node_attempts: [], graph_runs: [], trace_spans: [] };
  for (const span of spans) {
    const before = linkedOf(span);
    const after: Linked = { run: runs.get(span.span_id), attempt: attempts.get(span.span_id) };
    const revision = span.revision + 1;
    const isSameRun = isSame(before.run, after.run, 'told_at');
    const isSameAttempt = isSame(before.attempt, after.attempt, 'revision');
    if (isSameRun && isSameAttempt) continue;
    const linked: Linked = {
      run: isSameRun ? before.run : withTime(after.run, revision),
      attempt: isSameAttempt ? before.attempt : withRevision(after.attempt, revision),
    };
    if (!isSameRun)
      revised.graph_runs.push(...changes(before.run, linked.run, keyOfRun, withTime, revision));
    if (!isSameAttempt) {
      revised.node_attempts.push(
        ...changes(before.attempt, linked.attempt, keyOfAttempt, withRevision, revision),
      );
    }
    revised.trace_spans.push({ ...span, linked: JSON.stringify(linked), revision });
  }
  return revised;
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

function changes<Row extends { is_deleted: number }>(
  before: Row | undefined,
  after: Row | undefined,
  keyOf: (row: Row) => string,
  versioned: (row: Row, revision: number) => Row,
  revision: number,
): Row[] {
  const rows = after === undefined ? [] : [after];
  const isMoved = before !== undefined && (after === undefined || keyOf(before) !== keyOf(after));
  return isMoved ? [versioned({ ...before, is_deleted: 1 }, revision), ...rows] : rows;
}

function withRevision<Row extends NodeAttemptRow | undefined>(row: Row, revision: number): Row {
  return row === undefined ? row : { ...row, revision };
}

/** The version of a run is a time: a nanosecond later with each revision. */
function withTime<Row extends GraphRunRow | undefined>(row: Row, revision: number): Row {
  return row === undefined ? row : { ...row, told_at: addTime(row.ended_at, BigInt(revision)) };
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
