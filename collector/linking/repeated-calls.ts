// Failures that no single span shows: one tool, called again and again with the same arguments and the same
// result. They stand at the part that made the calls, so that they are the same in whatever order these came.
import { failureId } from '../../instrumentation/semconv/failure-id.ts';
import { TOOL_CALL_REPEATED } from '../conditions/built-in.ts';
import { eachInSteps, type Steps } from '../decode/turns.ts';
import { type FailureRow, type TraceSpanRow, unreportedFailure } from '../rows/rows.ts';
import { CONDITION_OF, markOf } from './marks.ts';
import { type TracePart, TraceTree } from './trace-tree.ts';

/** How many equal calls in a row are a failure. */
const LEAST = 5;

/**
 * @param spans of one trace
 * @returns by the span of the part
 */
export function* repeatedCalls(spans: readonly TraceSpanRow[]): Steps<Map<string, FailureRow>> {
  const found = new Map<string, FailureRow>();
  const calls = spans.filter(({ part, state }) => part === 'operation' && state !== 'cancelled');
  if (!mayRepeat(calls)) return found;
  const tree = yield* TraceTree.of(spans, []);
  for (const [part, ofPart] of yield* callsByPart(calls, tree)) {
    yield;
    const { row } = part;
    // One that failed has a failure of its own, which says more.
    if (row.state !== 'good') continue;
    const longest = longestRun(ofPart);
    if (longest.calls >= LEAST) found.set(row.span_id, failureOf(row, longest));
  }
  return found;
}

/** Whether a row is a failure of this kind. */
export function isOfRepeatedCalls(row: FailureRow): boolean {
  return markOf(row, CONDITION_OF) === 'trace';
}

function mayRepeat(calls: readonly TraceSpanRow[]): boolean {
  const counts = new Map<string, number>();
  for (const { visit_key } of calls) {
    if (visit_key === '') continue;
    const count = (counts.get(visit_key) ?? 0) + 1;
    if (count >= LEAST) return true;
    counts.set(visit_key, count);
  }
  return false;
}

function* callsByPart(
  calls: readonly TraceSpanRow[],
  tree: TraceTree,
): Steps<Map<TracePart, TraceSpanRow[]>> {
  const found = new Map<TracePart, TraceSpanRow[]>();
  yield* eachInSteps(calls, (call) => {
    let part = tree.around(call);
    // Turns of a loop are steps: the loop is what is around them.
    while (part?.parent !== undefined && !part.isNode) part = part.parent;
    if (part === undefined) return;
    const known = found.get(part);
    if (known) known.push(call);
    else found.set(part, [call]);
  });
  return found;
}

interface Run {
  tool: string;
  calls: number;
}

/** The longest row of equal calls, in the order of their ends. */
function longestRun(calls: TraceSpanRow[]): Run {
  let longest: Run = { tool: '', calls: 0 };
  let calledBefore = '';
  let count = 0;
  for (const { visit_key, name } of calls.sort(byTime)) {
    count = visit_key !== '' && visit_key === calledBefore ? count + 1 : 1;
    calledBefore = visit_key;
    if (count > longest.calls) longest = { tool: name, calls: count };
  }
  return longest;
}

function byTime(a: TraceSpanRow, b: TraceSpanRow): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  return a.span_id < b.span_id ? -1 : 1;
}

/** What the linker fills from what is around is left as it is of a part that stands alone. */
function failureOf(part: TraceSpanRow, found: Run): FailureRow {
  const { name, message, severity, site, class: known } = TOOL_CALL_REPEATED;
  return {
    ...unreportedFailure(),
    timestamp: part.timestamp,
    failure_id: failureId(part.trace_id, part.span_id),
    level: part.part === 'node' ? 'node' : 'graph',
    trace_id: part.trace_id,
    span_id: part.span_id,
    parent_span_id: part.parent_span_id,
    service_name: part.service_name,
    environment: part.environment,
    agent_id: part.agent_id || part.agent_name || part.service_name,
    agent_name: part.agent_name,
    session_id: part.session_id,
    run_id: part.run_id || part.trace_id,
    graph_id: part.graph_id,
    graph_snapshot_ref: part.graph_snapshot_ref,
    node_id: part.part === 'node' ? part.node_id : '',
    node_name: part.node_name,
    node_type: part.node_type,
    attempt: part.attempt || 1,
    max_attempts: part.max_attempts,
    site,
    class: known || 'unclassified',
    severity,
    disposition: 'degraded',
    condition: name,
    error_type: name,
    error_message: message,
    evidence: JSON.stringify({ found }),
    duration_ns: part.duration_ns,
    attributes: { [CONDITION_OF]: 'trace' },
    received_at: part.received_at,
    ancestor_span_ids: part.ancestor_span_ids,
    revision: 2,
  };
}
