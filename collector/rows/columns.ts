// The columns of each table, declared once: rows.ts has the types of the rows from it, row-binary.ts how they
// are written. The columns are those of deploy/clickhouse/migrations; `LowCardinality` and codecs are
// ClickHouse's own business and not named here.
import { hash } from 'node:crypto';

/** What a row holds for each type of ClickHouse: times are 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn' in UTC, UInt64 is text. */
export interface ValueOf {
  String: string;
  'DateTime64(9)': string;
  UUID: string;
  Bool: boolean;
  UInt8: number;
  UInt32: number;
  UInt64: string;
  'Array(String)': string[];
  'Array(UUID)': string[];
  'Map(String, String)': Record<string, string>;
  'Map(String, UInt32)': Record<string, number>;
}
export type ColumnType = keyof ValueOf;

export type Column = readonly [name: string, type: ColumnType];

/** Columns under the digest that names them, for rows that outlive this version in a queue. */
export interface Layout {
  id: string;
  columns: readonly Column[];
}

/**
 * The tables in the order in which a batch is written: each row comes after those it refers to. A crash in
 * between leaves rows that are true by themselves, and the resend completes them.
 */
export const COLUMNS = {
  graph_snapshots: {
    ref: 'String',
    graph_id: 'String',
    agent_id: 'String',
    body: 'String',
    nodes: 'Array(String)',
    /** 'source->target' */
    edges: 'Array(String)',
    first_seen: 'DateTime64(9)',
    last_seen: 'DateTime64(9)',
  },
  /** A log record that reports an exception of a span. */
  exception_records: {
    timestamp: 'DateTime64(9)',
    trace_id: 'String',
    span_id: 'String',
    record_id: 'UUID',
    service_name: 'String',
    environment: 'String',
    agent_id: 'String',
    agent_name: 'String',
    session_id: 'String',
    run_id: 'String',
    graph_id: 'String',
    graph_snapshot_ref: 'String',
    node_id: 'String',
    event_name: 'String',
    severity_number: 'UInt8',
    /** Whether an executor, an agent framework or a gen_ai instrumentation made it. */
    is_marked: 'Bool',
    error_type: 'String',
    error_message: 'String',
    stack_trace: 'String',
    redactions: 'Map(String, UInt32)',
    truncated: 'Array(String)',
    attributes: 'Map(String, String)',
    resource_attributes: 'Map(String, String)',
    received_at: 'DateTime64(9)',
  },
  failures: {
    timestamp: 'DateTime64(9)',
    failure_id: 'UUID',
    level: 'String',
    trace_id: 'String',
    span_id: 'String',
    parent_span_id: 'String',
    service_name: 'String',
    environment: 'String',
    agent_id: 'String',
    agent_name: 'String',
    session_id: 'String',
    run_id: 'String',
    graph_id: 'String',
    graph_snapshot_ref: 'String',
    node_id: 'String',
    node_name: 'String',
    node_type: 'String',
    attempt: 'UInt32',
    max_attempts: 'UInt32',
    visit: 'UInt32',
    site: 'String',
    class: 'String',
    severity: 'String',
    disposition: 'String',
    condition: 'String',
    error_type: 'String',
    error_message: 'String',
    stack_trace: 'String',
    template: 'String',
    fingerprint: 'String',
    input_context: 'String',
    input_digest: 'String',
    graph_state: 'String',
    evidence: 'String',
    duration_ns: 'UInt64',
    redactions: 'Map(String, UInt32)',
    truncated: 'Array(String)',
    attributes: 'Map(String, String)',
    resource_attributes: 'Map(String, String)',
    received_at: 'DateTime64(9)',
    /** Spans around this one that its request held, the innermost first. */
    ancestor_span_ids: 'Array(String)',
    /** 1 as the span reports it; a later revision of the same failure takes its place. */
    revision: 'UInt32',
    /** 1 on a revision that only says that the row under this key is gone. */
    is_deleted: 'UInt8',
  },
  node_attempts: {
    timestamp: 'DateTime64(9)',
    agent_id: 'String',
    graph_snapshot_ref: 'String',
    graph_id: 'String',
    run_id: 'String',
    node_id: 'String',
    attempt: 'UInt32',
    ok: 'Bool',
    duration_ns: 'UInt64',
    trace_id: 'String',
    span_id: 'String',
    /** The failure's span that this attempt failed because of; '' when it reports its own or is good. */
    root_span_id: 'String',
    revision: 'UInt32',
    is_deleted: 'UInt8',
  },
  graph_runs: {
    agent_id: 'String',
    run_id: 'String',
    agent_name: 'String',
    session_id: 'String',
    service_name: 'String',
    environment: 'String',
    graph_id: 'String',
    graph_snapshot_ref: 'String',
    trace_id: 'String',
    span_id: 'String',
    started_at: 'DateTime64(9)',
    ended_at: 'DateTime64(9)',
    outcome: 'String',
    told_at: 'DateTime64(9)',
    /** The failure's span that the run failed because of; '' when it reports its own or is good. */
    root_span_id: 'String',
    received_at: 'DateTime64(9)',
    is_deleted: 'UInt8',
  },
  trace_spans: {
    timestamp: 'DateTime64(9)',
    trace_id: 'String',
    span_id: 'String',
    parent_span_id: 'String',
    ancestor_span_ids: 'Array(String)',
    /** 1 when no span of this process is around it. */
    is_top: 'UInt8',
    service_name: 'String',
    environment: 'String',
    dialect: 'String',
    part: 'String',
    name: 'String',
    state: 'String',
    duration_ns: 'UInt64',
    agent_id: 'String',
    agent_name: 'String',
    session_id: 'String',
    run_id: 'String',
    graph_id: 'String',
    graph_snapshot_ref: 'String',
    node_id: 'String',
    node_name: 'String',
    node_type: 'String',
    /** Equal on all attempts of one visit, different on each visit; '' when the span does not say. */
    visit_key: 'String',
    attempt: 'UInt32',
    max_attempts: 'UInt32',
    is_status_silent: 'UInt8',
    outcome: 'String',
    input_context: 'String',
    received_at: 'DateTime64(9)',
    /** JSON of the run and the attempt that were made of it; '' until it was linked. */
    linked: 'String',
    revision: 'UInt32',
  },
  evolutions: {
    timestamp: 'DateTime64(9)',
    evolution_id: 'String',
    agent_id: 'String',
    agent_name: 'String',
    trigger: 'String',
    resolution: 'String',
    strategy: 'String',
    rationale: 'String',
    status: 'String',
    author: 'String',
    from_ref: 'String',
    graph_snapshot_ref: 'String',
    target_fingerprints: 'Array(String)',
    target_failures: 'Array(UUID)',
    trace_id: 'String',
    span_id: 'String',
    service_name: 'String',
    environment: 'String',
    received_at: 'DateTime64(9)',
  },
  /** A change of a group of failures. */
  group_events: {
    timestamp: 'DateTime64(9)',
    event_id: 'UUID',
    agent_id: 'String',
    fingerprint: 'String',
    kind: 'String',
    other_fingerprint: 'String',
    value: 'String',
    author: 'String',
    reason: 'String',
    evolution_id: 'String',
  },
  /** A case that was run again before a change shipped. */
  verifications: {
    timestamp: 'DateTime64(9)',
    verification_id: 'UUID',
    batch_id: 'UUID',
    agent_id: 'String',
    evolution_id: 'String',
    graph_snapshot_ref: 'String',
    fingerprint: 'String',
    node_id: 'String',
    kind: 'String',
    input_digest: 'String',
    failure_id: 'String',
    result: 'String',
    basis: 'String',
    runs: 'UInt32',
    failed_runs: 'UInt32',
    reason: 'String',
    error_type: 'String',
    error_message: 'String',
    error_fingerprint: 'String',
  },
} as const satisfies Record<string, Record<string, ColumnType>>;

export type Table = keyof typeof COLUMNS;

/** How this version writes the rows of each table. */
export const LAYOUTS = Object.fromEntries(
  Object.entries(COLUMNS).map(([table, columns]) => [table, layout(Object.entries(columns))]),
) as { [T in Table]: Layout };

function layout(columns: Column[]): Layout {
  return { id: hash('sha256', JSON.stringify(columns)).slice(0, 16), columns };
}
