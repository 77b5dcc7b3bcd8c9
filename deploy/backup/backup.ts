// Backups by ClickHouse's own BACKUP and RESTORE, with the collector's queue.
import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { openQueue } from '../../collector/queue/open.ts';
import { type ClickHouse, connectClickHouse } from '../../collector/serving/clickhouse.ts';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';
import { dropQueueTable, giveQueueBack, keepQueue, QUEUE_TABLE } from './queue-table.ts';

/** The message is one line: what is wrong and what to do. */
export class BackupError extends Error {
  override name = 'BackupError';
}

export interface BackupOptions {
  /** As a user who may BACKUP, and create and drop a table in the database. */
  clickhouse: ClickHouseConnection;
  database: string;
  /** Folder of the collector's queue; the collector may run. */
  queue: string;
  /** What stands behind TO or FROM: `File('…')`, `Disk('…', '…')`, `S3('…')`, with SETTINGS if need be. */
  place: string;
  /** Called every now and then with bytes that are done, and of how many. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface BackupResult {
  /** Rows by table, those that are replaced by later ones included. */
  tables: Record<string, number>;
  /** Bytes of the tables' files. */
  bytes: number;
  /** Bytes of the queue's files. */
  queueBytes: number;
}

const LOOK_MS = 100;

/**
 * Backs the database and the queue up. Everything that was accepted before the call is in it.
 * @throws {BackupError} with ClickHouse's reason
 */
export async function backUp(options: BackupOptions): Promise<BackupResult> {
  const { database, place } = options;
  return withClient(options, async (client) => {
    await refuseCluster(client, database);
    try {
      const queueBytes = await keepQueue(client, options.queue);
      const tables = await rowsByTable(client, database);
      const query = `BACKUP DATABASE ${nameOf(database)} TO ${place} ASYNC`;
      const bytes = await follow(client, query, options.onProgress);
      return { tables, bytes, queueBytes };
    } finally {
      await dropQueueTable(client).catch(() => {});
    }
  });
}

/** The refusal to back up or restore one server of several. */
export const ofCluster = (database: string): BackupError =>
  new BackupError(
    `the tables of ${database} are spread over a cluster, and this would reach one server of it: ` +
      "use ClickHouse's own BACKUP on each shard, as docs/operations.md says",
  );

async function refuseCluster(client: ClickHouse, database: string): Promise<void> {
  const result = await client.query({
    query: `SELECT name FROM system.tables WHERE database = {database:String} AND engine = 'Distributed' LIMIT 1`,
    query_params: { database },
    format: 'JSONEachRow',
  });
  if ((await result.json()).length > 0) throw ofCluster(database);
}

/**
 * Restores what {@link backUp} wrote, the queue into its folder.
 * @throws {BackupError} when the database has tables, when rows wait in the queue, or with ClickHouse's reason
 */
export async function restore(options: BackupOptions): Promise<BackupResult> {
  const { clickhouse, database, place, queue } = options;
  await emptyFolder(queue);
  const server = clientOf(clickhouse);
  try {
    await refuseTables(server, database);
    const query = `RESTORE DATABASE ${nameOf(database)} FROM ${place} ASYNC`;
    const bytes = await follow(server, query, options.onProgress);
    return await withClient(options, async (client) => {
      const queueBytes = await giveQueueBack(client, queue);
      return { tables: await rowsByTable(client, database), bytes, queueBytes };
    });
  } finally {
    await server.close();
  }
}

/** Takes the files of a queue away in which no row waits. */
async function emptyFolder(folder: string): Promise<void> {
  const { store, close } = openQueue(folder, pino({ level: 'silent' }));
  const { done, last, deadLetters } = store.state;
  close();
  if (last > done || deadLetters > 0) {
    const what = last > done ? `${last - done} entries wait` : `${deadLetters} dead letters are`;
    throw new BackupError(
      `${what} in the queue ${folder}, which a restore would replace: choose an empty folder with --data-dir`,
    );
  }
  await rm(folder, { recursive: true });
}

async function refuseTables(client: ClickHouse, database: string): Promise<void> {
  const tables = await rowsByTable(client, database);
  const count = Object.keys(tables).length;
  if (count === 0) return;
  throw new BackupError(
    `the database ${database} is not empty: it has ${count} tables, failures with ${tables.failures ?? 0} rows; ` +
      'restore into an empty data folder (--data-dir), or drop the database first',
  );
}

async function rowsByTable(client: ClickHouse, database: string): Promise<Record<string, number>> {
  const result = await client.query({
    query: `SELECT name, toUInt64(total_rows) AS rows FROM system.tables
            WHERE database = {database:String} AND total_rows IS NOT NULL AND name != {queue:String}
            ORDER BY name`,
    query_params: { database, queue: QUEUE_TABLE },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; rows: string }>();
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.rows)]));
}

interface Operation {
  status: string;
  error: string;
  total: string;
  done: string;
}

/** Starts a statement of the kind that goes on by itself. @returns bytes when it has ended */
async function follow(
  client: ClickHouse,
  query: string,
  onProgress: BackupOptions['onProgress'] = () => {},
): Promise<number> {
  const started = await client
    .query({ query, format: 'JSONEachRow' })
    .then((result) => result.json<{ id: string }>())
    .catch((error: Error) => {
      throw new BackupError(`ClickHouse refuses: ${reasonIn(error.message)}`, { cause: error });
    });
  const { id } = started[0]!;
  for (;;) {
    const result = await client.query({
      query: `SELECT status::String AS status, error, total_size AS total,
                     greatest(bytes_read, if(end_time < start_time, 0, total_size)) AS done
              FROM system.backups WHERE id = {id:String}`,
      query_params: { id },
      format: 'JSONEachRow',
    });
    const [operation] = await result.json<Operation>();
    if (!operation) throw new BackupError('ClickHouse has ended in the middle of it');
    const { status, error, total, done } = operation;
    onProgress(Number(done), Number(total));
    if (status === 'BACKUP_CREATED' || status === 'RESTORED') return Number(total);
    if (/FAILED|CANCELLED/.test(status)) throw new BackupError(reasonIn(error) || status);
    await wait(LOOK_MS);
  }
}

const reasonIn = (error: string): string =>
  error
    .replace(/,? Stack trace[\s\S]*$/, '')
    .replace(/^Code: \d+\. (?:DB::)?Exception: /, '')
    .trim();

const nameOf = (name: string): string => `\`${name.replaceAll(/[\\`]/g, '\\$&')}\``;

const clientOf = (connection: ClickHouseConnection, database?: string): ClickHouse =>
  connectClickHouse({ ...connection, ...(database === undefined ? {} : { database }) });

async function withClient<T>(
  { clickhouse, database }: BackupOptions,
  work: (client: ClickHouse) => Promise<T>,
): Promise<T> {
  const client = clientOf(clickhouse, database);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
