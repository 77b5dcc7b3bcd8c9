// What the spans of a replay report, out of their rows.
import type { Rows } from '../../collector/rows/rows.ts';
import type { Replay } from '../../query/verify/replay.ts';

/** undefined if there were none. */
export function spansOf(rows: Rows): Replay['spans'] {
  const { failures, node_attempts, graph_runs, trace_spans } = rows;
  if (failures.length + node_attempts.length + graph_runs.length + trace_spans.length === 0) {
    return undefined;
  }
  return {
    failures: failures
      .toSorted((a, b) => a.timestamp.localeCompare(b.timestamp))
      .map(({ fingerprint, error_type, error_message, level, disposition }) => ({
        fingerprint,
        error_type,
        error_message,
        level,
        disposition,
      })),
    outcomes: graph_runs.map(({ outcome }) => outcome).filter(Boolean),
    ref:
      [...graph_runs, ...node_attempts].find((row) => row.graph_snapshot_ref !== '')
        ?.graph_snapshot_ref ?? '',
  };
}
