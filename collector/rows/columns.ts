// The columns of each table in the order in which rows are written, with the type that each has on the
// wire. `LowCardinality` and codecs are ClickHouse's own business and not told here.
import { hash } from 'node:crypto';
import type { Rows, Table } from './rows.ts';

/** A type of ClickHouse; times are {@link Rows}' texts, UInt64 is text. */
export type ColumnType =
  | 'String'
  | 'DateTime64(9)'
  | 'UUID'
  | 'Bool'
  | 'UInt8'
  | 'UInt32'
  | 'UInt64'
  | 'Array(String)'
  | 'Array(UUID)'
  | 'Map(String, String)'
  | 'Map(String, UInt32)';

export type Column = readonly [name: string, type: ColumnType];

/** Columns under the digest that names them, for rows that outlive this version in a queue. */
export interface Layout {
  id: string;
  columns: readonly Column[];
}

const TYPES: { [T in Table]: { [C in keyof Rows[T][number]]-?: ColumnType } } = {
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
    ancestor_span_ids: 'Array(String)',
    revision: 'UInt32',
    is_deleted: 'UInt8',
  },
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
    root_span_id: 'String',
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
    root_span_id: 'String',
    received_at: 'DateTime64(9)',
  },
  graph_snapshots: {
    ref: 'String',
    graph_id: 'String',
    agent_id: 'String',
    body: 'String',
    nodes: 'Array(String)',
    edges: 'Array(String)',
    first_seen: 'DateTime64(9)',
    last_seen: 'DateTime64(9)',
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
};

/** How this version writes the rows of each table. */
export const LAYOUTS = Object.fromEntries(
  Object.entries(TYPES).map(([table, types]) => [table, layout(Object.entries(types))]),
) as { [T in Table]: Layout };

function layout(columns: Column[]): Layout {
  return { id: hash('sha256', JSON.stringify(columns)).slice(0, 16), columns };
}
