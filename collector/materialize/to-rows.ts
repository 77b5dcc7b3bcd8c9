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
import type { Exception } from '../dialects/dialect.ts';
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
  const made: Materialized = { rows: emptyRows(), warnings: [], redactions: {} };
  const refusal = addRows(
    { resource, scope, span, attributes, receivedAt },
    snapshots,
    conditions,
    made,
  );
  if (refusal !== undefined) return refused(span, refusal);
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

/** A span with what it is read with. */
interface Reported {
  readonly resource: Resource;
  readonly scope: Scope;
  readonly span: Span;
  readonly attributes: AttributeReader;
  readonly receivedAt: bigint;
}

/** A span of our own conventions. */
interface OwnSpan extends Reported {
  readonly origin: Origin;
}

/** @returns why the span is refused, if it is */
function addRows(
  reported: Reported,
  snapshots: FieldRedactor,
  conditions: Conditions,
  { rows, warnings }: Materialized,
): string | undefined {
  const { resource, scope, span, attributes } = reported;
  const role = roleOf(span, attributes);
  const exception = exceptionOf(span, attributes);
  if (role === undefined) {
    // Our own spans report what it stands for.
    if (attributes.peek(ATTR_FAULTLINE_RECORDED) === 'true') return undefined;
    const view = spanView(span, scope, attributes, exception);
    const understood = understand(view) ?? { dialect: '' };
    addForeignRows({ ...reported, view, understood, exception, conditions }, rows);
    return undefined;
  }
  const own: OwnSpan = { ...reported, origin: takeOrigin(resource, span, attributes) };
  addSnapshots(own, snapshots, rows, warnings);
  switch (role) {
    case 'evolution':
      return addOrRefuse(rows.evolutions, evolutionRow, own);
    case 'group_event':
      return addOrRefuse(rows.group_events, groupEventRow, own);
    case 'verification':
      return addOrRefuse(rows.verifications, verificationRow, own);
    default:
      addWork(role, own, exception, rows);
      return undefined;
  }
}

function addSnapshots(
  { span, origin, receivedAt }: OwnSpan,
  snapshots: FieldRedactor,
  rows: Rows,
  warnings: string[],
): void {
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
}

/** Adds a row that can be made of good attributes only; otherwise returns what is wrong with them. */
function addOrRefuse<Row extends object>(
  table: Row[],
  rowOf: (
    span: Span,
    attributes: AttributeReader,
    origin: Origin,
    receivedAt: bigint,
  ) => Row | string,
  { span, attributes, origin, receivedAt }: OwnSpan,
): string | undefined {
  const row = rowOf(span, attributes, origin, receivedAt);
  if (typeof row === 'string') return row;
  table.push(row);
  return undefined;
}

/** A run, a node or an operation: what was done, and the failure if it failed. */
function addWork(
  role: keyof typeof LEVELS,
  own: OwnSpan,
  exception: Exception,
  { node_attempts, graph_runs, failures }: Rows,
): void {
  const { span, attributes } = own;
  const failed = isFailed(span, attributes, exception);
  const nodeId = attributes.text(ATTR_GRAPH_NODE_ID);
  if (role === 'node') node_attempts.push(attemptRow(own, nodeId, failed));
  if (role === 'start') graph_runs.push(startedRun(own));
  if (role === 'run') graph_runs.push(endedRun(own, failed));
  if (failed && role !== 'start' && hasOwnFailure(role, attributes, exception)) {
    failures.push(failureRow({ ...own, level: LEVELS[role], nodeId, exception }));
  }
}

/** Graph versions that one span brings; each may have 256 KiB. */
const MAX_SNAPSHOTS = 4;

const LEVELS = {
  node: 'node',
  run: 'graph',
  start: 'graph',
  operation: 'operation',
} as const satisfies Partial<Record<Role, FailureLevel>>;

function refused(span: Span, reason: string): Materialized {
  const rejection = `span ${span.spanId}: ${reason}`;
  return { rows: emptyRows(), warnings: [], redactions: {}, rejection };
}

function attemptRow(
  { span, attributes, origin, receivedAt }: OwnSpan,
  nodeId: string,
  failed: boolean,
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

function run({
  span,
  origin,
  receivedAt,
}: OwnSpan): Omit<GraphRunRow, 'started_at' | 'ended_at' | 'outcome' | 'told_at' | 'root_span_id'> {
  return {
    ...origin,
    trace_id: span.traceId,
    span_id: span.spanId,
    received_at: formatTime(receivedAt),
    is_deleted: 0,
  };
}

function startedRun(own: OwnSpan): GraphRunRow {
  const { span, receivedAt } = own;
  const start = formatTime(firstCredible(span.startNs, span.endNs, receivedAt));
  return {
    ...run(own),
    started_at: start,
    ended_at: NOT_ENDED,
    outcome: '',
    told_at: start,
    root_span_id: '',
  };
}

function endedRun(own: OwnSpan, failed: boolean): GraphRunRow {
  const { span, attributes, receivedAt } = own;
  const start = firstCredible(span.startNs, span.endNs, receivedAt);
  const end = firstCredible(span.endNs, span.startNs, receivedAt);
  return {
    ...run(own),
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
