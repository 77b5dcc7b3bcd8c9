// A span becomes rows. Pure: no clock, no I/O, the same span always gives the same rows.
import { addCounts, type Redactions } from '../../instrumentation/redaction/index.ts';
import {
  ATTR_FAILURE_ROOT_SPAN_ID,
  ATTR_FAULTLINE_RECORDED,
  ATTR_GRAPH_NODE_ATTEMPT,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  EVENT_GRAPH_SNAPSHOT,
  GRAPH_RUN_OUTCOME_VALUES,
} from '../../instrumentation/semconv/index.ts';
import { BUILT_IN_CONDITIONS, type Conditions } from '../conditions/index.ts';
import type { Resource, Scope, Span } from '../decode/span.ts';
import { understand } from '../dialects/index.ts';
import {
  emptyRows,
  type FailureLevel,
  type GraphRunRow,
  type NodeAttemptRow,
  type Rows,
} from '../rows/rows.ts';
import { durationNs, firstCredible, formatTime, NOT_ENDED } from '../rows/time.ts';
import { AttributeReader } from './attribute-reader.ts';
import { evolutionRow } from './evolution.ts';
import { exceptionOf, failureRow, hasOwnFailure } from './failure.ts';
import { FieldRedactor, type Secrets, STANDARD_SECRETS } from './field-redactor.ts';
import { addForeignRows } from './foreign.ts';
import { groupEventRow } from './group-event.ts';
import { withMetadata } from './metadata.ts';
import { type Origin, serviceOf, takeOrigin } from './origin.ts';
import { isFailed, type Role, roleOf } from './role.ts';
import { snapshotRow } from './snapshot.ts';
import { spanView } from './span-view.ts';
import { verificationRow } from './verification.ts';

export interface Materialized {
  rows: Rows;
  /** What was wrong with a part of the span whose rows were made all the same. */
  warnings: string[];
  /** What was removed from the rows, of all tables: kind → count. */
  redactions: Redactions;
  /** Why the span as a whole was refused; it has no rows then. */
  rejection?: string;
}

/**
 * The rows that a span gives: failures, node attempts, runs, snapshots, evolutions, changes of groups, verifications.
 * @param receivedAt Unix time in nanoseconds; stands for times that the span does not have
 * @param secrets what finds secrets @default the built-in redaction
 * @param conditions what finds failures that nothing reports @default the built-in ones
 */
export function toRows(
  resource: Resource,
  scope: Scope,
  span: Span,
  receivedAt: bigint,
  secrets: Secrets = STANDARD_SECRETS,
  conditions: Conditions = BUILT_IN_CONDITIONS,
): Materialized {
  const attributes = new AttributeReader(withMetadata(span.attributes), secrets);
  const snapshots = new FieldRedactor(secrets);
  const made = rowsOf(resource, scope, span, attributes, snapshots, receivedAt, conditions);
  if (made.rejection !== undefined) return made;
  for (const redactor of [attributes.redactor, snapshots]) {
    addCounts(made.redactions, redactor.counts);
    for (const name of redactor.dropped) {
      made.warnings.push(`span ${span.spanId}: the redaction of ${name} failed: it was dropped`);
    }
  }
  if (made.rows.failures.length > 0) {
    addCounts(made.redactions, serviceOf(resource, secrets).redactor.counts);
  }
  return made;
}

function rowsOf(
  resource: Resource,
  scope: Scope,
  span: Span,
  attributes: AttributeReader,
  snapshots: FieldRedactor,
  receivedAt: bigint,
  conditions: Conditions,
): Materialized {
  const rows = emptyRows();
  const warnings: string[] = [];
  const role = roleOf(span, attributes);
  const exception = exceptionOf(span, attributes);
  if (role === undefined) {
    // Our own spans report what it stands for.
    if (attributes.peek(ATTR_FAULTLINE_RECORDED) === 'true')
      return { rows, warnings, redactions: {} };
    const view = spanView(span, scope, attributes, exception);
    const understood = understand(view) ?? { dialect: '' };
    addForeignRows(
      { resource, scope, span, attributes, view, understood, exception, receivedAt, conditions },
      rows,
    );
    return { rows, warnings, redactions: {} };
  }
  const origin = takeOrigin(resource, span, attributes);

  for (const event of span.events) {
    if (event.name !== EVENT_GRAPH_SNAPSHOT) continue;
    if (rows.graph_snapshots.length === MAX_SNAPSHOTS) {
      warnings.push(`span ${span.spanId}: more than ${MAX_SNAPSHOTS} snapshots: not stored`);
      break;
    }
    const seen = firstCredible(event.timeNs, span.startNs, receivedAt);
    const row = snapshotRow(event, origin, seen, snapshots);
    if (typeof row === 'string') warnings.push(`span ${span.spanId}: ${row}`);
    else rows.graph_snapshots.push(row);
  }
  if (role === 'evolution') {
    const row = evolutionRow(span, attributes, origin, receivedAt);
    if (typeof row === 'string') return refused(span, row);
    rows.evolutions.push(row);
    return { rows, warnings, redactions: {} };
  }
  if (role === 'group_event') {
    const row = groupEventRow(span, attributes, origin, receivedAt);
    if (typeof row === 'string') return refused(span, row);
    rows.group_events.push(row);
    return { rows, warnings, redactions: {} };
  }
  if (role === 'verification') {
    const row = verificationRow(span, attributes, origin, receivedAt);
    if (typeof row === 'string') return refused(span, row);
    rows.verifications.push(row);
    return { rows, warnings, redactions: {} };
  }
  const failed = isFailed(span, attributes, exception);
  const nodeId = attributes.text(ATTR_GRAPH_NODE_ID);
  if (role === 'node')
    rows.node_attempts.push(attemptRow(span, attributes, origin, nodeId, failed, receivedAt));
  if (role === 'start') rows.graph_runs.push(startedRun(span, origin, receivedAt));
  if (role === 'run') rows.graph_runs.push(endedRun(span, attributes, origin, failed, receivedAt));
  if (failed && role !== 'start' && hasOwnFailure(role, attributes, exception)) {
    rows.failures.push(
      failureRow({
        resource,
        scope,
        span,
        attributes,
        level: LEVELS[role],
        origin,
        nodeId,
        exception,
        receivedAt,
      }),
    );
  }
  return { rows, warnings, redactions: {} };
}

/** Graph versions that one span brings; each may have 256 KiB. */
const MAX_SNAPSHOTS = 4;

const LEVELS: Readonly<Record<Role, FailureLevel>> = {
  node: 'node',
  run: 'graph',
  start: 'graph',
  evolution: 'graph',
  group_event: 'graph',
  verification: 'graph',
  operation: 'operation',
};

function refused(span: Span, reason: string): Materialized {
  const rejection = `span ${span.spanId}: ${reason}`;
  return { rows: emptyRows(), warnings: [], redactions: {}, rejection };
}

function attemptRow(
  span: Span,
  attributes: AttributeReader,
  origin: Origin,
  nodeId: string,
  failed: boolean,
  receivedAt: bigint,
): NodeAttemptRow {
  return {
    timestamp: formatTime(firstCredible(span.endNs, span.startNs, receivedAt)),
    agent_id: origin.agent_id,
    graph_snapshot_ref: origin.graph_snapshot_ref,
    graph_id: origin.graph_id,
    run_id: origin.run_id,
    node_id: nodeId,
    attempt: attributes.ordinal(ATTR_GRAPH_NODE_ATTEMPT, 1),
    ok: !failed,
    duration_ns: durationNs(span),
    trace_id: span.traceId,
    span_id: span.spanId,
    root_span_id: rootOf(attributes),
    revision: 1,
    is_deleted: 0,
  };
}

/** The span of the failure that this one follows from; '' for what is no span id. */
function rootOf(attributes: AttributeReader): string {
  const root = attributes.peek(ATTR_FAILURE_ROOT_SPAN_ID);
  return /^[0-9a-f]{16}$/.test(root) ? root : '';
}

function run(
  span: Span,
  origin: Origin,
  receivedAt: bigint,
): Omit<GraphRunRow, 'started_at' | 'ended_at' | 'outcome' | 'told_at' | 'root_span_id'> {
  return {
    ...origin,
    trace_id: span.traceId,
    span_id: span.spanId,
    received_at: formatTime(receivedAt),
    is_deleted: 0,
  };
}

function startedRun(span: Span, origin: Origin, receivedAt: bigint): GraphRunRow {
  const start = formatTime(firstCredible(span.startNs, span.endNs, receivedAt));
  return {
    ...run(span, origin, receivedAt),
    started_at: start,
    ended_at: NOT_ENDED,
    outcome: '',
    told_at: start,
    root_span_id: '',
  };
}

function endedRun(
  span: Span,
  attributes: AttributeReader,
  origin: Origin,
  failed: boolean,
  receivedAt: bigint,
): GraphRunRow {
  const start = firstCredible(span.startNs, span.endNs, receivedAt);
  const end = firstCredible(span.endNs, span.startNs, receivedAt);
  return {
    ...run(span, origin, receivedAt),
    started_at: formatTime(start),
    ended_at: formatTime(end),
    outcome:
      attributes.oneOf(ATTR_GRAPH_RUN_OUTCOME, GRAPH_RUN_OUTCOME_VALUES) ||
      (failed ? 'failure' : 'success'),
    // The end must outweigh the start signal even when the run took no time at all.
    told_at: formatTime(end > start ? end : start + 1n),
    root_span_id: rootOf(attributes),
  };
}
