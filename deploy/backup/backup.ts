// Backups by ClickHouse's own BACKUP and RESTORE, with the collector's queue.
import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { openQueue } from '../../collector/queue/open.ts';
import type { ClickHouse } from '../../collector/serving/clickhouse.ts';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';
import { folderOf } from '../engine/folder.ts';
import { nameOf, QUEUE_TABLE, type QueueFolders, QueueTable } from './queue-table.ts';
import { BackupError, type BackupTarget, EMBEDDED_ONLY, openTarget, type Part } from './target.ts';

export interface BackupOptions {
  /** As a user who may BACKUP, and create and drop a table in the database. */
  clickhouse: ClickHouseConnection;
  database: string;
  /** Whose tables are spread over its shards. @default one server */
  cluster?: string | undefined;
  /** Folder of the collector's queue, beside which those of shards are that are away; the collector may run. */
  queue: string;
  /**
   * What stands behind TO or FROM: `File('…')`, `Disk('…', '…')`, `S3('…')`, with SETTINGS if need be. Of a cluster without a
   * keeper `{shard}` in it stands for the shard's number.
   */
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
  const { database, onProgress } = options;
  return withTarget(options, async (target) => {
    await refuseUnnamedCluster(target, database);
    const table = new QueueTable(target, database);
    try {
      const queueBytes = await table.keep(queueFolders(options.queue));
      const tables = await rowsByTable(target, database);
      const bytes = await runAll(
        target,
        ({ clause, place }) => `BACKUP DATABASE ${nameOf(database)}${clause} TO ${place} ASYNC`,
        onProgress,
      );
      return { tables, bytes, queueBytes };
    } finally {
      await table.drop().catch(() => {});
    }
  });
}

async function refuseUnnamedCluster(target: BackupTarget, database: string): Promise<void> {
  if (target.mark !== '') return;
  const result = await target.client.query({
    query: `SELECT extract(engine_full, '^Distributed\\\\(\\'([^\\']+)') AS cluster FROM system.tables
            WHERE database = {database:String} AND engine = 'Distributed' LIMIT 1`,
    query_params: { database },
    format: 'JSONEachRow',
  });
  const [found] = await result.json<{ cluster: string }>();
  if (!found) return;
  throw new BackupError(
    `the tables of ${database} are spread over a cluster, and this would reach one server of it: ` +
      `give --clickhouse-cluster ${found.cluster}`,
  );
}

/**
 * Restores what {@link backUp} wrote, the queue into its folder. What was restored before an error is removed again, and
 * what one restored that was killed, by the next.
 * @throws {BackupError} when the database has tables, when rows wait in the queue, or with ClickHouse's reason
 */
export async function restore(options: BackupOptions): Promise<BackupResult> {
  const { database, queue } = options;
  const unfinished = folderOf(dirname(queue)).unfinishedRestore;
  const wasKilled = existsSync(unfinished);
  if (!wasKilled) for (const [, folder] of queueFolders(queue)) await emptyFolder(folder);
  return withTarget(options, async (target) => {
    const undo = async (): Promise<void> => {
      await target.everywhere(`DROP DATABASE IF EXISTS ${nameOf(database)} {ON CLUSTER} SYNC`);
      for (const [, folder] of queueFolders(queue)) await rm(folder, RECURSIVE);
      await rm(unfinished, RECURSIVE);
    };
    if (wasKilled) await undo();
    await refuseTables(target, database);
    await writeFile(unfinished, `from ${options.place}\n`);
    try {
      const result = await restoreAll(target, options);
      await rm(unfinished);
      return result;
    } catch (error) {
      // Where even that fails, the mark stays.
      await undo().catch(() => {});
      throw error;
    }
  });
}

const RECURSIVE = { recursive: true, force: true } as const;

async function restoreAll(
  target: BackupTarget,
  { database, queue, onProgress }: BackupOptions,
): Promise<BackupResult> {
  const table = new QueueTable(target, database);
  await refuseBackupOfAnother(target, table, database);
  const bytes = await runAll(
    target,
    ({ clause, place }) =>
      `RESTORE DATABASE ${nameOf(database)} EXCEPT TABLES ${table.name}${clause} FROM ${place} ASYNC`,
    onProgress,
  );
  await refuseDamaged(target, database);
  const tables = await rowsByTable(target, database);
  const queueBytes = await table.giveBack((prefix) => `${queue}${prefix}`);
  await table.drop();
  return { tables, bytes, queueBytes };
}

/** ClickHouse restores files as they are, and reads their checksums when it is asked to. */
async function refuseDamaged({ parts }: BackupTarget, database: string): Promise<void> {
  for (const { client } of parts) {
    const tables = await client.query({
      query: `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'`,
      query_params: { database },
      format: 'JSONEachRow',
    });
    for (const { name } of await tables.json<{ name: string }>()) {
      const checked = await client.query({
        query: `CHECK TABLE ${nameOf(database)}.${nameOf(name)}`,
        clickhouse_settings: { check_query_single_value_result: 1 },
        format: 'JSONEachRow',
      });
      const [row] = await checked.json<{ result: number }>();
      if (row?.result === 1) continue;
      throw new BackupError(
        `files of the table ${name} are damaged in the backup: restore another`,
      );
    }
  }
}

/** Restores the table of the queue, which says of what the backup is. */
async function refuseBackupOfAnother(
  target: BackupTarget,
  table: QueueTable,
  database: string,
): Promise<void> {
  await target.everywhere(`CREATE DATABASE IF NOT EXISTS ${nameOf(database)} {ON CLUSTER} `);
  await runAll(
    target,
    ({ clause, place }) => `RESTORE TABLE ${table.name}${clause} FROM ${place} ASYNC`,
  );
  const mark = await table.mark();
  if (mark === target.mark) return;
  const spread = (of: string) => of || 'one server';
  throw new BackupError(
    `the backup is of ${spread(mark)}, and this is ${spread(target.mark)}: restore it where it is from, ` +
      'and copy the tables with faultline migrate --copy-from',
  );
}

/** What stands behind the name of the queue's folder, and the folder: the queue's own, and one for each shard that was away. */
function queueFolders(queue: string): QueueFolders {
  const name = basename(queue);
  const suffixes = namesIn(dirname(queue))
    .filter((one) => one.startsWith(name))
    .map((one) => one.slice(name.length))
    .filter((suffix) => /^-shard-\d+$/.test(suffix));
  return new Map(['', ...suffixes].map((suffix) => [suffix, join(`${queue}${suffix}`)]));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
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

async function refuseTables(target: BackupTarget, database: string): Promise<void> {
  const tables = await rowsByTable(target, database);
  const count = Object.keys(tables).length;
  if (count === 0) return;
  throw new BackupError(
    `the database ${database} is not empty: it has ${count} tables, failures with ${tables.failures ?? 0} rows; ` +
      'restore into an empty data folder (--data-dir), or drop the database first',
  );
}

/** Rows of all shards, by the name that a table has on one server. */
async function rowsByTable(
  target: BackupTarget,
  database: string,
): Promise<Record<string, number>> {
  const result = await target.client.query({
    query: `SELECT ${target.mark === '' ? 'name' : "replaceRegexpOne(name, '_local$', '')"} AS table, sum(total_rows) AS rows
            FROM ${target.over('system', 'tables')}
            WHERE database = {database:String} AND engine LIKE '%MergeTree' AND name != {queue:String}
            GROUP BY table ORDER BY table`,
    query_params: { database, queue: QUEUE_TABLE },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ table: string; rows: string }>();
  return Object.fromEntries(rows.map(({ table, rows }) => [table, Number(rows)]));
}

interface Operation {
  status: string;
  error: string;
  total: string;
  done: string;
}

/** Runs the statement of every part at once. @returns bytes when all have ended */
async function runAll(
  { parts }: BackupTarget,
  statementOf: (part: Part) => string,
  onProgress: BackupOptions['onProgress'] = () => {},
): Promise<number> {
  const progress = parts.map(() => ({ done: 0, total: 0 }));
  const ended = await Promise.allSettled(
    parts.map((part, index) =>
      follow(part.client, statementOf(part), (done, total) => {
        progress[index] = { done, total };
        const sums = progress.map((one) => [one.done, one.total] as const);
        onProgress(...sums.reduce((a, b) => [a[0] + b[0], a[1] + b[1]] as const));
      }),
    ),
  );
  return ended.reduce((sum, one) => {
    if (one.status === 'rejected') throw one.reason;
    return sum + one.value;
  }, 0);
}

/** Starts a statement of the kind that goes on by itself. @returns bytes when it has ended */
async function follow(
  client: ClickHouse,
  query: string,
  onProgress: NonNullable<BackupOptions['onProgress']>,
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

/** What the embedded engine says, which lacks threads that a server starts. */
const NO_S3 = 'BackupsIOThreadPool is not initialized';

function reasonIn(error: string): string {
  if (error.includes(NO_S3)) return EMBEDDED_ONLY;
  const reason = error
    .replace(/,? Stack trace[\s\S]*$/, '')
    .replace(/^Code: \d+\. (?:DB::)?(?:Errno)?Exception: /, '')
    .trim();
  return /NOT_ENOUGH_SPACE|No space left/.test(reason)
    ? `${reason}: make room on the disk`
    : reason;
}

async function withTarget<T>(
  { clickhouse, cluster, place }: BackupOptions,
  work: (target: BackupTarget) => Promise<T>,
): Promise<T> {
  const target = await openTarget(clickhouse, cluster, place);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}
