// Which rows of which table are meant. Ids stand as hashes in what ClickHouse keeps of a statement, so that
// nothing of what went is left in the record of how it went.

/** A table that keeps rows itself. */
export interface StoredTable {
  name: string;
  columns: ReadonlySet<string>;
  /** Where its rows are, when it is the face of a table on several servers. */
  local: { cluster: string; database: string; table: string } | undefined;
}

/** Hashes that say what is meant. */
export interface Marks {
  kind: 'session' | 'agent' | 'before';
  /** Of the session or agent; of `before`, the time as ClickHouse writes it. */
  value: string;
  /** Of a session: its runs, its traces, and what failed in it by agent and fingerprint. */
  runs: readonly string[];
  traces: readonly string[];
  groups: readonly string[];
}

export const HASH = (...columns: string[]): string => `hex(sipHash128(${columns.join(', ')}))`;

/** Tables that are put right afterwards, and the record of migrations. */
const DERIVED = new Set(['failure_templates', 'graph_snapshots', 'schema_migrations']);

/** The condition by which a table's rows go; undefined where none can be meant. */
export function conditionFor({ name, columns }: StoredTable, marks: Marks): string | undefined {
  if (DERIVED.has(name)) return undefined;
  if (marks.kind === 'before') {
    const time = ['timestamp', 'started_at'].find((column) => columns.has(column));
    return time && `${time} < toDateTime64('${marks.value}', 9, 'UTC')`;
  }
  if (marks.kind === 'agent') {
    return columns.has('agent_id') ? `${HASH('agent_id')} = '${marks.value}'` : undefined;
  }
  return sessionCondition(columns, marks);
}

/** Rows that do not name their session belong to it by their run, or by their trace where they have no run. */
function sessionCondition(
  columns: ReadonlySet<string>,
  { value, runs, traces, groups }: Marks,
): string | undefined {
  const has = (...names: string[]) => names.every((name) => columns.has(name));
  const byRun = has('agent_id', 'run_id') && `${HASH('agent_id', 'run_id')} IN ${listOf(runs)}`;
  if (has('session_id')) {
    const byTrace =
      has('trace_id', 'run_id') && `run_id = '' AND ${HASH('trace_id')} IN ${listOf(traces)}`;
    const unnamed = [byRun, byTrace].filter(Boolean).map((condition) => `(${condition})`);
    const more = unnamed.length > 0 ? ` OR session_id = '' AND (${unnamed.join(' OR ')})` : '';
    return `${HASH('session_id')} = '${value}'${more}`;
  }
  if (byRun) return byRun;
  // Alerts quote what failed.
  if (has('agent_id', 'fingerprint', 'payload')) {
    return `${HASH('agent_id', 'fingerprint')} IN ${listOf(groups)}`;
  }
  return undefined;
}

/** Hashes and other harmless texts as a list; an empty one holds nothing. */
export function listOf(texts: readonly string[]): string {
  const quoted = texts.map((text) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`);
  return `(${quoted.length > 0 ? quoted.join(', ') : 'NULL'})`;
}
