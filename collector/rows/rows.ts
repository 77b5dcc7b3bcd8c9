// The rows of each table as JSONEachRow takes them: times as 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn' in UTC,
// UInt64 as text. The columns are those of deploy/clickhouse/migrations.

export type FailureLevel = 'node' | 'graph' | 'operation';

export interface FailureRow {
  timestamp: string;
  failure_id: string;
  level: FailureLevel;
  trace_id: string;
  span_id: string;
  parent_span_id: string;
  service_name: string;
  environment: string;
  agent_id: string;
  agent_name: string;
  session_id: string;
  run_id: string;
  graph_id: string;
  graph_snapshot_ref: string;
  node_id: string;
  node_name: string;
  node_type: string;
  attempt: number;
  max_attempts: number;
  visit: number;
  site: string;
  class: string;
  severity: string;
  disposition: string;
  condition: string;
  error_type: string;
  error_message: string;
  stack_trace: string;
  template: string;
  fingerprint: string;
  input_context: string;
  input_digest: string;
  graph_state: string;
  evidence: string;
  duration_ns: string;
  redactions: Record<string, number>;
  truncated: string[];
  attributes: Record<string, string>;
  resource_attributes: Record<string, string>;
  received_at: string;
  /** Spans around this one that its request told of, the innermost first. */
  ancestor_span_ids: string[];
  /** 1 as the span tells it; a later revision of the same failure takes its place. */
  revision: number;
  /** 1 on a revision that only says that the row under this key is gone. */
  is_deleted: number;
}

/** A log record that tells an exception of a span. */
export interface ExceptionRecordRow {
  timestamp: string;
  trace_id: string;
  span_id: string;
  record_id: string;
  service_name: string;
  environment: string;
  agent_id: string;
  agent_name: string;
  session_id: string;
  run_id: string;
  graph_id: string;
  graph_snapshot_ref: string;
  node_id: string;
  event_name: string;
  severity_number: number;
  /** Whether an executor, an agent framework or a gen_ai instrumentation made it. */
  is_marked: boolean;
  error_type: string;
  error_message: string;
  stack_trace: string;
  redactions: Record<string, number>;
  truncated: string[];
  attributes: Record<string, string>;
  resource_attributes: Record<string, string>;
  received_at: string;
}

export interface NodeAttemptRow {
  timestamp: string;
  agent_id: string;
  graph_snapshot_ref: string;
  graph_id: string;
  run_id: string;
  node_id: string;
  attempt: number;
  ok: boolean;
  duration_ns: string;
  trace_id: string;
  span_id: string;
  /** The failure's span that this attempt failed because of; '' when it tells its own or is good. */
  root_span_id: string;
}

export interface GraphRunRow {
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
  ended_at: string;
  outcome: string;
  told_at: string;
  /** The failure's span that the run failed because of; '' when it tells its own or is good. */
  root_span_id: string;
  received_at: string;
}

export interface GraphSnapshotRow {
  ref: string;
  graph_id: string;
  agent_id: string;
  body: string;
  nodes: string[];
  /** 'source->target' */
  edges: string[];
  first_seen: string;
  last_seen: string;
}

export interface EvolutionRow {
  timestamp: string;
  evolution_id: string;
  agent_id: string;
  agent_name: string;
  trigger: string;
  resolution: string;
  strategy: string;
  rationale: string;
  status: string;
  author: string;
  from_ref: string;
  graph_snapshot_ref: string;
  target_fingerprints: string[];
  target_failures: string[];
  trace_id: string;
  span_id: string;
  service_name: string;
  environment: string;
  received_at: string;
}

/** A change of a group of failures. */
export interface GroupEventRow {
  timestamp: string;
  event_id: string;
  agent_id: string;
  fingerprint: string;
  kind: string;
  other_fingerprint: string;
  value: string;
  author: string;
  reason: string;
  evolution_id: string;
}

export interface Rows {
  failures: FailureRow[];
  exception_records: ExceptionRecordRow[];
  node_attempts: NodeAttemptRow[];
  graph_runs: GraphRunRow[];
  graph_snapshots: GraphSnapshotRow[];
  evolutions: EvolutionRow[];
  group_events: GroupEventRow[];
}

export type Table = keyof Rows;

/**
 * The tables in the order in which a batch is written: each row comes after those it refers to. A
 * crash in between leaves rows that are true by themselves, and the resend completes them.
 */
export const TABLES: readonly Table[] = [
  'graph_snapshots',
  'exception_records',
  'failures',
  'node_attempts',
  'graph_runs',
  'evolutions',
  'group_events',
];

export function emptyRows(): Rows {
  return {
    failures: [],
    exception_records: [],
    node_attempts: [],
    graph_runs: [],
    graph_snapshots: [],
    evolutions: [],
    group_events: [],
  };
}

/** Appends the rows of `from` to `to`. */
export function appendRows(to: Rows, from: Rows): void {
  for (const row of from.failures) to.failures.push(row);
  for (const row of from.exception_records) to.exception_records.push(row);
  for (const row of from.node_attempts) to.node_attempts.push(row);
  for (const row of from.graph_runs) to.graph_runs.push(row);
  for (const row of from.graph_snapshots) to.graph_snapshots.push(row);
  for (const row of from.evolutions) to.evolutions.push(row);
  for (const row of from.group_events) to.group_events.push(row);
}
