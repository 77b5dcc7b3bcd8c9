// Copies the rows of one database into another: those of one server into a cluster, or of a shard into a larger one.
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { type ClickHouseConnection, MigrationError } from '../migrate.ts';
import { type Column, readSchema } from './schema.ts';
import { localName } from './statements.ts';

export type Place = ClickHouseConnection & { database: string };

export interface CopyOptions {
  from: Place;
  /** Has the tables of this version already. */
  to: Place;
  /** Called after each part of a table: how many are done, and of how many. */
  onProgress?: (done: number, total: number) => void;
}

/** Rows read, by table. */
export type Copied = Record<string, number>;

/** A copy of one part may take so long, in milliseconds. */
const LONGEST_MS = 3_600_000;

/**
 * Copies every table, a partition at a time. A row that is there already is replaced by itself, so the copy may run
 * while rows come, be broken off, and run again until nothing is left behind.
 *
 * @throws {MigrationError} when the database has other columns than this version's
 */
export async function copyTables({ from, to, onProgress }: CopyOptions): Promise<Copied> {
  const [source, target] = [from, to].map((place) =>
    connectClickHouse({ ...place, request_timeout: LONGEST_MS }),
  ) as [ClickHouse, ClickHouse];
  try {
    const parts = await partsOf(source, target, from.database, to.database);
    const copied: Copied = {};
    for (const [index, part] of parts.entries()) {
      const { table } = part;
      const rows = await copyPart(source, target, part);
      copied[table] = (copied[table] ?? 0) + rows;
      onProgress?.(index + 1, parts.length);
    }
    return copied;
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

interface Part {
  /** The table there: on a shard of a cluster, the one that has its rows. */
  from: string;
  table: string;
  columns: string;
  partition: string;
}

async function partsOf(
  source: ClickHouse,
  target: ClickHouse,
  from: string,
  to: string,
): Promise<Part[]> {
  const [there, wanted] = await Promise.all([readSchema(source, from), readSchema(target, to)]);
  // Of a cluster's tables those over all shards are written, and those of the shard that is asked are read.
  const isLocal = new Set([...wanted.keys()].map(localName));
  const names = [...wanted.keys()].filter((name) => !isLocal.has(name));
  const tables = names.flatMap((name) => {
    const table = there.get(localName(name)) ?? there.get(name);
    return table && /MergeTree$/.test(table.engine) ? { table, name } : [];
  });
  if (tables.length === 0)
    throw new MigrationError(`${from} has none of the tables that are copied`);
  const parts: Part[] = [];
  for (const { table, name } of tables) {
    const missing = stored(wanted.get(name)!.columns).filter(
      (column) => !stored(table.columns).includes(column),
    );
    if (missing.length > 0) {
      throw new MigrationError(
        `${from}.${table.name} has no ${missing.join(', ')}: bring it to this version first, with faultline migrate`,
      );
    }
    const columns = stored(table.columns)
      .map((column) => `\`${column}\``)
      .join(', ');
    const result = await source.query({
      query: `SELECT DISTINCT partition_id AS partition FROM system.parts
              WHERE active AND database = {from:String} AND table = {table:String} ORDER BY partition`,
      query_params: { from, table: table.name },
      format: 'JSONEachRow',
    });
    const rows = await result.json<{ partition: string }>();
    parts.push(
      ...rows.map(({ partition }) => ({ from: table.name, table: name, columns, partition })),
    );
  }
  // A fingerprint's words are those of its first failure; what fills them from failures comes later.
  return parts.sort((a, b) => Number(isFilled(b)) - Number(isFilled(a)));
}

const isFilled = ({ table }: Part): boolean => table === 'failure_templates';

const stored = (columns: readonly Column[]): string[] =>
  columns
    .filter(({ default_kind }) => default_kind !== 'MATERIALIZED' && default_kind !== 'ALIAS')
    .map(({ name }) => name);

async function copyPart(
  source: ClickHouse,
  target: ClickHouse,
  { from, table, columns, partition }: Part,
): Promise<number> {
  const where = `FROM ${from} WHERE _partition_id = {partition:String}`;
  const query_params = { partition };
  const counted = await source.query({
    query: `SELECT count() AS rows ${where} SETTINGS final = 0`,
    query_params,
    format: 'JSONEachRow',
  });
  const [row] = await counted.json<{ rows: string }>();
  const read = await source.exec({
    query: `SELECT ${columns} ${where} SETTINGS final = 0 FORMAT Native`,
    query_params,
  });
  const written = await target.exec({
    query: `INSERT INTO ${table} (${columns}) FORMAT Native`,
    values: read.stream,
    clickhouse_settings: { max_partitions_per_insert_block: '0', wait_end_of_query: 1 },
  });
  for await (const _chunk of written.stream) {
    // An insert answers nothing.
  }
  return Number(row?.rows ?? 0);
}
