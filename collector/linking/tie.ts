// A failed operation tied to the node attempt around it: it takes from there what its span left out.
import type { FailureRow } from '../rows/rows.ts';
import { listOf, marksOf, TIED_BY, TIED_COLUMNS, withMarks } from './marks.ts';
import type { Surrounding } from './surroundings.ts';

/** What each column that can be taken holds when the span itself says nothing. */
const UNSAID = {
  agent_id: (row: FailureRow) => row.service_name,
  run_id: (row: FailureRow) => row.trace_id,
  graph_id: () => '',
  graph_snapshot_ref: () => '',
  node_id: () => '',
  attempt: () => 1,
  agent_name: () => '',
  session_id: () => '',
  node_name: () => '',
  node_type: () => '',
  visit: () => 0,
} as const;

type Column = keyof typeof UNSAID;
const COLUMNS = Object.keys(UNSAID) as Column[];

/** Whether a failure is an operation whose span names no node. */
export function needsNode(row: FailureRow): boolean {
  return row.level === 'operation' && row.node_id === '';
}

/**
 * The row with what the node attempt around it says.
 * @param row without what was taken from a node before, see {@link untied}
 * @param nodeFailure the failure of that attempt, which knows more of it
 */
export function tied(
  row: FailureRow,
  around: Surrounding,
  nodeFailure: FailureRow | undefined,
): FailureRow {
  const { attempt } = around;
  const { agent_name, session_id, node_name, node_type, visit } = nodeFailure ?? {};
  const node: Partial<Record<Column, string | number | undefined>> = {
    agent_id: attempt.agent_id,
    run_id: attempt.run_id,
    graph_id: attempt.graph_id,
    graph_snapshot_ref: attempt.graph_snapshot_ref,
    node_id: attempt.node_id,
    attempt: attempt.attempt,
    agent_name,
    session_id,
    node_name,
    node_type,
    visit,
  };
  const columns = COLUMNS.filter((column) => {
    const value = node[column];
    if (value === undefined || value === '' || value === row[column]) return false;
    return row[column] === '' || row[column] === UNSAID[column](row);
  });
  return {
    ...row,
    ...Object.fromEntries(columns.map((column) => [column, node[column]])),
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [TIED_BY]: around.by,
      [TIED_COLUMNS]: columns.join(','),
    }),
  };
}

/** The row as it was before {@link tied}. */
export function untied(row: FailureRow): FailureRow {
  const columns = listOf(row, TIED_COLUMNS) as Column[];
  if (columns.length === 0) return row;
  return {
    ...row,
    ...Object.fromEntries(columns.map((column) => [column, UNSAID[column](row)])),
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [TIED_BY]: '',
      [TIED_COLUMNS]: '',
    }),
  };
}
