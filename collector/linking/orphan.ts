// A failure that only log records report: the span never came, or came without its failure.
import { failureId } from '../../instrumentation/semconv/failure-id.ts';
import { endingOf } from '../materialize/ending.ts';
import { type ExceptionRecordRow, type FailureRow, unreportedFailure } from '../rows/rows.ts';
import { markOf, TOLD_BY, withMarks } from './marks.ts';

/** `SeverityNumber` of ERROR. */
const ERROR = 17;
/** Events of a whole agent at work, as in the GenAI conventions. */
const AGENT_EVENTS = new Set(
  ['invoke_agent', 'create_agent', 'invoke_workflow'].map((name) => `gen_ai.${name}.exception`),
);

/** Whether a record reports a failure even if its span never comes. */
export function standsAlone(record: ExceptionRecordRow): boolean {
  return (
    record.is_marked && record.severity_number >= ERROR && endingOf(record.error_type) === undefined
  );
}

export function isOrphan(row: FailureRow): boolean {
  return markOf(row, TOLD_BY) === 'log';
}

/**
 * The failure that the record's span had, all but the exception.
 * @param revision above the revision of rows that spans reported
 */
export function orphanOf(record: ExceptionRecordRow, revision: number): FailureRow {
  const { trace_id, span_id, event_name } = record;
  return {
    ...unreportedFailure(),
    timestamp: besides(record.timestamp),
    failure_id: failureId(trace_id, span_id),
    level: AGENT_EVENTS.has(event_name) ? 'graph' : 'operation',
    trace_id,
    span_id,
    parent_span_id: '',
    service_name: record.service_name,
    environment: record.environment,
    agent_id: record.agent_id,
    agent_name: record.agent_name,
    session_id: record.session_id,
    run_id: record.run_id || trace_id,
    graph_id: record.graph_id,
    graph_snapshot_ref: record.graph_snapshot_ref,
    node_id: record.node_id,
    attributes: withMarks(record.attributes, { [TOLD_BY]: 'log' }),
    resource_attributes: record.resource_attributes,
    received_at: record.received_at,
    revision,
  };
}

/**
 * A nanosecond beside the time: the span may have ended at that very time, and the two rows must not
 * have the same key.
 */
function besides(timestamp: string): string {
  const last = Number(timestamp.at(-1));
  return `${timestamp.slice(0, -1)}${last === 9 ? 8 : last + 1}`;
}
