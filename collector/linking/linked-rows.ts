// What becomes of the rows of whole traces in memory: what a reader of the tables would see in the end.

import { appendRows, emptyRows, type Rows } from '../rows/rows.ts';
import { type Due, linkTrace } from './link.ts';
import type { TraceRows } from './trace-rows.ts';

const DUE: Due = { record: () => true, trace: () => true };
const MOST_ROUNDS = 5;

/** The rows that a reader of the tables sees once nothing changes any more. */
export function linkedRows(rows: Rows, due: Due = DUE): Rows {
  const all = emptyRows();
  appendRows(all, rows);
  addLinked(all, due);
  return visibleRows(all);
}

/** Adds what the linker makes of these rows, until nothing more comes of them. */
export function addLinked(all: Rows, due: Due): void {
  const traces = new Set([...all.failures, ...all.trace_spans].map(({ trace_id }) => trace_id));
  for (const traceId of traces) linkUntilDone(all, traceId, due);
}

function linkUntilDone(all: Rows, traceId: string, due: Due): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { changes } = linkTrace(traceRows(all, traceId), due);
    if (changes.length === 0) return;
    for (const rows of changes) appendRows(all, { ...emptyRows(), ...rows });
  }
  throw new Error(`trace ${traceId} is not linked after ${MOST_ROUNDS} rounds`);
}

/** As the store reads them: of each key the latest revision. */
function traceRows(all: Rows, traceId: string): TraceRows {
  const isOfTrace = (row: { trace_id: string }) => row.trace_id === traceId;
  return {
    failures: latest(all.failures.filter(isOfTrace), failureKey),
    exceptions: all.exception_records.filter(isOfTrace),
    attempts: latest(all.node_attempts.filter(isOfTrace), attemptKey).filter(isThere),
    spans: all.trace_spans.filter(isOfTrace),
  };
}

function visibleRows(all: Rows): Rows {
  const runs = all.graph_runs.map((row) => ({ ...row, revision: row.told_at }));
  return {
    ...all,
    failures: latest(all.failures, failureKey).filter(isThere),
    node_attempts: latest(all.node_attempts, attemptKey).filter(isThere),
    graph_runs: latest(runs, ({ agent_id, run_id }) => `${agent_id}\n${run_id}`).filter(isThere),
  };
}

const isThere = ({ is_deleted }: { is_deleted: number }): boolean => is_deleted === 0;

function failureKey({ agent_id, fingerprint, timestamp, failure_id }: Rows['failures'][number]) {
  return [agent_id, fingerprint, timestamp, failure_id].join('\n');
}

function attemptKey(row: Rows['node_attempts'][number]): string {
  const { agent_id, node_id, graph_snapshot_ref, timestamp, trace_id, span_id } = row;
  return [agent_id, node_id, graph_snapshot_ref, timestamp, trace_id, span_id].join('\n');
}

function latest<Row extends { revision: number | string }>(
  rows: Row[],
  keyOf: (row: Row) => string,
): Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const known = found.get(keyOf(row));
    if (known === undefined || known.revision <= row.revision) found.set(keyOf(row), row);
  }
  return [...found.values()];
}
