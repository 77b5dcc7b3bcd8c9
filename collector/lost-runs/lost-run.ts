// A run that went silent as the row of a failure. Pure: no clock, no I/O.

import { failureId } from '../../instrumentation/semconv/failure-id.ts';
import { identified } from '../materialize/classify/identify.ts';
import { type FailureRow, unreportedFailure } from '../rows/rows.ts';
import type { Graph, Signs } from './last-events.ts';
import { type Node, nodeOf } from './running-node.ts';

/** A run of which only the start is known. Times are ClickHouse's texts. */
export interface OpenRun {
  agent_id: string;
  run_id: string;
  agent_name: string;
  session_id: string;
  service_name: string;
  environment: string;
  graph_id: string;
  graph_snapshot_ref: string;
  trace_id: string;
  span_id: string;
  started_at: string;
  received_at: string;
}

/** Who reports a failure of this kind; on rows of a revision above that of spans. */
export const TOLD_BY_SILENCE = 'silence';
const TOLD_BY = 'faultline.told_by';
/** Revision 1 is what a span reported. */
const FIRST_REVISION = 2;
/** No figure in it: they would be values of one run, and the group is that of all. */
const MESSAGE = 'the run started and nothing was heard of it any more';

/** When the run was last heard of, on the clock of its executor. */
export function lastSign(run: Pick<OpenRun, 'started_at'>, signs: Signs | undefined): string {
  const times = [run.started_at, signs?.attempt?.last_at, signs?.failure?.last_at];
  return times.reduce<string>((last, time) => (time && time > last ? time : last), run.started_at);
}

/**
 * When the run was last heard of, on our clock, in milliseconds since 1970. Attempts have only the
 * executor's time; how far that is from ours is what the start signal took.
 */
export function heardAt(run: OpenRun, signs: Signs | undefined): number {
  const apart = millis(run.received_at) - millis(run.started_at);
  const times = [
    millis(run.received_at),
    ...(signs?.attempt ? [millis(signs.attempt.last_at) + apart] : []),
    ...(signs?.failure ? [millis(signs.failure.last_received)] : []),
  ];
  return Math.max(...times);
}

/**
 * The failure of a run that went silent.
 * @param before the highest revision that was written of it, 0 if none
 */
export function lostRow(
  run: OpenRun,
  signs: Signs | undefined,
  graph: Graph | undefined,
  { receivedAt, before }: { receivedAt: string; before: number },
): FailureRow {
  const timestamp = lastSign(run, signs);
  const node = nodeOf(signs, graph);
  const { started_at, received_at: _received, ...origin } = run;
  return identified({
    ...unreportedFailure(),
    ...origin,
    timestamp,
    failure_id: failureId(run.trace_id, run.span_id),
    level: 'graph',
    parent_span_id: '',
    node_id: node?.node_id ?? '',
    attempt: node?.attempt ?? 1,
    site: 'worker',
    class: 'worker.lost',
    severity: 'critical',
    disposition: 'terminal',
    error_type: 'WorkerLost',
    error_message: MESSAGE,
    evidence: evidenceOf(timestamp, signs, node),
    duration_ns: String(nanos(timestamp) - nanos(started_at)),
    attributes: { [TOLD_BY]: TOLD_BY_SILENCE },
    received_at: receivedAt,
    revision: Math.max(before + 1, FIRST_REVISION),
  });
}

function evidenceOf(timestamp: string, signs: Signs | undefined, node: Node | undefined): string {
  return JSON.stringify({
    last_sign: `${timestamp.replace(' ', 'T')}Z`,
    attempts_heard_of: signs?.attempts ?? 0,
    ...(signs?.attempt && { last_node: signs.attempt.node_id }),
    ...(node && { node_known_by: node.by }),
  });
}

function nanos(time: string): bigint {
  return (
    BigInt(Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`)) * 1_000_000n +
    BigInt(time.slice(20))
  );
}

function millis(time: string): number {
  return Number(nanos(time) / 1_000_000n);
}
