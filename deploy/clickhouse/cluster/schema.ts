// What a database consists of, as ClickHouse's own tables have it.
import type { ClickHouse } from '../../../collector/serving/clickhouse.ts';

export interface Column {
  name: string;
  type: string;
  default_kind: string;
  default_expression: string;
  codec: string;
}

export interface Index {
  name: string;
  /** `expr TYPE type GRANULARITY n`. */
  definition: string;
}

/** A table, view or materialized view. */
export interface Relation {
  name: string;
  engine: string;
  /** Its CREATE statement in one line. */
  statement: string;
  /** Engine with all that follows it; '' for views. */
  engineClause: string;
  sortingKey: string;
  comment: string;
  columns: Column[];
  indices: Index[];
}

/** All of a database but what migrations keep for themselves, by name. */
export async function readSchema(
  server: ClickHouse,
  database: string,
): Promise<Map<string, Relation>> {
  const select = async <T>(query: string): Promise<T[]> => {
    const result = await server.query({
      query,
      query_params: { database },
      format: 'JSONEachRow',
    });
    return result.json<T>();
  };
  const tables = await select<Omit<Relation, 'columns' | 'indices'>>(
    `SELECT name, engine, create_table_query AS statement, engine_full AS engineClause,
            sorting_key AS sortingKey, comment
     FROM system.tables
     WHERE database = {database:String} AND name != 'schema_migrations' AND NOT startsWith(name, '.inner')
     ORDER BY name`,
  );
  const columns = await select<Column & { table: string }>(
    `SELECT table, name, type, toString(default_kind) AS default_kind, default_expression, compression_codec AS codec
     FROM system.columns WHERE database = {database:String} ORDER BY table, position`,
  );
  const indices = await select<Index & { table: string }>(
    `SELECT table, name, concat(expr, ' TYPE ', type_full, ' GRANULARITY ', toString(granularity)) AS definition
     FROM system.data_skipping_indices WHERE database = {database:String} ORDER BY table, name`,
  );
  const of = <T extends { table: string }>(rows: readonly T[], name: string): Omit<T, 'table'>[] =>
    rows.filter(({ table }) => table === name).map(({ table: _, ...row }) => row);
  return new Map(
    tables.map((table) => [
      table.name,
      {
        ...table,
        columns: of(columns, table.name) as Column[],
        indices: of(indices, table.name) as Index[],
      },
    ]),
  );
}

/** A column as CREATE and ALTER take it. */
export function columnDefinition({
  name,
  type,
  default_kind,
  default_expression,
  codec,
}: Column): string {
  const value = default_kind === '' ? '' : ` ${default_kind} ${default_expression}`;
  return `\`${name}\` ${type}${value}${codec === '' ? '' : ` ${codec}`}`;
}
