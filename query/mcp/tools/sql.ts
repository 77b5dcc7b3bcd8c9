// query_failures_sql: read-only SQL for what no other tool answers.
import { z } from 'zod';
import { sqlInput } from '../../questions/sql/sql.ts';
import { excerpt, fitting, quoteJson } from '../data.ts';
import { ANSWER_BYTES } from '../pages.ts';
import { tool } from '../tool.ts';
import { limitOf } from './fields.ts';

const CELL_CHARS = 400;

/** The tables and views that are worth asking, with the columns that are worth knowing. */
export const TABLES = {
  failures:
    'timestamp failure_id level agent_id session_id run_id graph_id graph_snapshot_ref node_id attempt ' +
    'max_attempts site class disposition error_type error_message stack_trace template fingerprint ' +
    'input_context input_digest graph_state evidence duration_ns',
  node_attempts: 'timestamp agent_id graph_snapshot_ref run_id node_id attempt ok duration_ns',
  graph_runs: 'agent_id run_id session_id graph_snapshot_ref started_at ended_at outcome',
  evolutions:
    'timestamp evolution_id agent_id trigger resolution rationale status author from_ref ' +
    'graph_snapshot_ref target_fingerprints target_failures',
  node_health:
    'agent_id node_id graph_snapshot_ref attempts succeeded success_rate runs failed_runs ' +
    'median_duration_ns',
  failure_rates: 'hour agent_id node_id attempts failed failure_rate',
} as const;

const schema = Object.entries(TABLES)
  .map(([table, columns]) => `${table}(${columns.replaceAll(' ', ', ')})`)
  .join('; ');

export const queryFailuresSql = tool({
  name: 'query_failures_sql',
  title: 'Ask in SQL',
  description:
    'One read-only ClickHouse SELECT, for counts that no other tool gives. Write FINAL after tables, or ' +
    'rows may count twice; node_health and failure_rates are views and take none. Aggregate and LIMIT: ' +
    `answers are cut. params fill {name:Type}. ${schema}. As in: SELECT class, count() AS n FROM failures ` +
    'FINAL WHERE agent_id = {agent:String} GROUP BY class',
  input: z.strictObject({
    sql: sqlInput.shape.sql,
    params: sqlInput.shape.params,
    limit: limitOf(500, 50),
  }),
  output: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())),
    truncated: z.boolean(),
  }),
  async ask(history, { sql, params, limit }) {
    const answer = await history.sql(sql, params);
    const columns = answer.columns.map(({ name, type }) => ({
      name: excerpt(name, 100),
      type: excerpt(type, 100),
    }));
    const cells = answer.rows
      .slice(0, limit)
      .map((row) => answer.columns.map(({ name }) => cell(row[name])));
    const rows = fitting(cells, ANSWER_BYTES);
    const truncated = answer.truncated || rows.length < answer.rows.length;
    const cut = truncated
      ? `\nCut after ${rows.length} rows: aggregate, select fewer columns, or page with LIMIT and OFFSET.`
      : '';
    return {
      text: `${describeRows(columns, rows)}${cut}`,
      data: { columns, rows, truncated },
    };
  },
});

/** A value as it is, or the start of its text where that is long. */
function cell(value: unknown): unknown {
  if (typeof value === 'string') return excerpt(value, CELL_CHARS);
  if (typeof value !== 'object' || value === null) return value;
  const json = JSON.stringify(value);
  return json.length <= CELL_CHARS ? value : excerpt(json, CELL_CHARS);
}

function describeRows(columns: { name: string }[], rows: unknown[][]): string {
  if (rows.length === 0) return 'No rows.';
  const names = columns.map(({ name }) => name);
  return [`Columns ${quoteJson(names)}`, ...rows.map(quoteJson)].join('\n');
}
