// The rows of each table, as JSONEachRow takes them too.
import { COLUMNS, type Table, type ValueOf } from './columns.ts';

export type { Table } from './columns.ts';

export type FailureLevel = 'node' | 'graph' | 'operation';

/** How a span of somebody else's instrumentation ended; `degraded`: well, but a condition holds. */
export type SpanState = 'good' | 'failed' | 'degraded' | 'paused' | 'cancelled';

/** Columns of which only some texts are written. */
interface Narrowed {
  failures: { level: FailureLevel };
  trace_spans: { state: SpanState };
}

type Columns = typeof COLUMNS;
type Value<T extends Table, C extends keyof Columns[T]> = T extends keyof Narrowed
  ? C extends keyof Narrowed[T]
    ? Narrowed[T][C]
    : ValueOf[Columns[T][C] & keyof ValueOf]
  : ValueOf[Columns[T][C] & keyof ValueOf];

/** A row of a table. */
export type Row<T extends Table> = { -readonly [C in keyof Columns[T]]: Value<T, C> };

export type FailureRow = Row<'failures'>;
export type ExceptionRecordRow = Row<'exception_records'>;
export type NodeAttemptRow = Row<'node_attempts'>;
export type GraphRunRow = Row<'graph_runs'>;
/** What the linker needs of a span that somebody else's instrumentation made. */
export type TraceSpanRow = Row<'trace_spans'>;
export type GraphSnapshotRow = Row<'graph_snapshots'>;
export type EvolutionRow = Row<'evolutions'>;
export type GroupEventRow = Row<'group_events'>;
export type VerificationRow = Row<'verifications'>;

export type Rows = { [T in Table]: Row<T>[] };

/** In the order in which a batch is written. */
export const TABLES = Object.keys(COLUMNS) as readonly Table[];

export const emptyRows = (): Rows =>
  Object.fromEntries(TABLES.map((table) => [table, []])) as unknown as Rows;

/** What the row of a failure has where no span reports it: nothing of a node, an exception, an input or a state. */
export const unreportedFailure = () =>
  ({
    node_name: '',
    node_type: '',
    attempt: 1,
    max_attempts: 0,
    visit: 0,
    site: '',
    class: 'unclassified',
    severity: '',
    disposition: '',
    condition: '',
    error_type: '',
    error_message: '',
    stack_trace: '',
    template: '',
    fingerprint: '',
    input_context: '',
    input_digest: '',
    graph_state: '',
    evidence: '',
    duration_ns: '0',
    redactions: {},
    truncated: [],
    resource_attributes: {},
    ancestor_span_ids: [],
    is_deleted: 0,
  }) satisfies Partial<FailureRow>;

/** Appends the rows of `from` to `to`. */
export function appendRows(to: Rows, from: Rows): void {
  for (const table of TABLES) {
    const rows: object[] = to[table];
    for (const row of from[table]) rows.push(row);
  }
}
