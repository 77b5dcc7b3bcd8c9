// Brings a database to the tables that this version needs.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { ClickHouseSettings } from '@clickhouse/client';
import {
  type Addresses,
  type ClickHouse,
  connectClickHouse,
} from '../../collector/serving/clickhouse.ts';

/** The one that all tables are in. */
export const DATABASE = 'faultline';

export interface MigrateOptions {
  /** Database to create and fill. */
  database: string;
  /** Days that failures and runs are kept; attempts are kept for at most 30 of them. */
  retentionDays: number;
  /** Called after each migration that was applied: how many are, those of earlier times too, and of how many. */
  onProgress?: (done: number, total: number) => void;
}

export interface MigrateResult {
  /** Names of the migrations that this call applied, in order. */
  applied: string[];
  /** How many had been applied before. */
  already: number;
}

/** A migration that was applied and then changed, or that ClickHouse refused. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

const folder = new URL('./migrations/', import.meta.url);
const attemptRetentionDays = 30;

/** How to reach a ClickHouse server over HTTP, as a user who may create databases and tables. */
export interface ClickHouseConnection {
  url: Addresses;
  username: string;
  password: string;
  /** Sent with every statement. */
  clickhouse_settings?: ClickHouseSettings;
  /** Whether statements go to all addresses in rotation. @default false */
  inRotation?: boolean;
  /** Whether questions are answered while a shard is away. @default false */
  partialAnswers?: boolean;
}

/**
 * Applies the files of `migrations/` that the database has not seen, in the order of their numbers,
 * and sets the retention. Every file is one statement that may run twice (`IF NOT EXISTS`,
 * `OR REPLACE`), so two collectors that start at once, or one that is killed in the middle, end in
 * the same tables; the record of what was applied is for people and for refusing changed files.
 *
 * @throws {MigrationError} when an applied file was changed, a statement is refused, or a newer version was here
 */
export async function migrate(
  connection: ClickHouseConnection,
  { database, retentionDays, onProgress }: MigrateOptions,
): Promise<MigrateResult> {
  const server = connectClickHouse(connection);
  const client = connectClickHouse({ ...connection, database });
  try {
    await server.command({
      query: 'CREATE DATABASE IF NOT EXISTS {database:Identifier}',
      query_params: { database },
    });
    const result = await despiteOthers(() => applyPending(client, database, onProgress));
    await despiteOthers(() => setRetention(client, retentionDays));
    return result;
  } catch (error) {
    if (codeOf(error) !== NOT_ENOUGH_SPACE) throw error;
    throw new MigrationError(
      'ClickHouse has too little room on its disk to make the tables: make some, at least 16 MiB',
      { cause: error },
    );
  } finally {
    await Promise.all([server.close(), client.close()]);
  }
}

async function applyPending(
  client: ClickHouse,
  database: string,
  onProgress: MigrateOptions['onProgress'],
): Promise<MigrateResult> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS schema_migrations
              (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
            ENGINE = ReplacingMergeTree ORDER BY name`,
  });
  const recorded = await client.query({
    query: 'SELECT name, any(checksum) AS checksum FROM schema_migrations GROUP BY name',
    format: 'JSONEachRow',
  });
  const rows = await recorded.json<{ name: string; checksum: string }>();
  const seen = new Map(rows.map((row) => [row.name, row.checksum]));

  const applied: { name: string; checksum: string }[] = [];
  const record = async (): Promise<void> => {
    if (applied.length === 0) return;
    await client.insert({
      table: 'schema_migrations',
      values: applied,
      columns: ['name', 'checksum'],
      format: 'JSONEachRow',
    });
  };
  const names = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const unknown = [...seen.keys()].filter((name) => !names.includes(name)).sort();
  if (unknown.length > 0) {
    throw new MigrationError(
      `database ${database} was brought to a newer version (${unknown.at(-1)}) than this one: start that version, ` +
        'or restore a backup from before the upgrade',
    );
  }
  for (const name of names) {
    const statement = await readFile(new URL(name, folder), 'utf8');
    const checksum = createHash('sha256').update(statement).digest('hex');
    const before = seen.get(name);
    if (before === checksum) continue;
    if (before !== undefined) {
      throw new MigrationError(
        `migration ${name} was applied to database ${database} in another form: ` +
          'add a new migration instead of changing an applied one',
      );
    }
    await client.command({ query: statement }).catch(async (error: Error) => {
      await record();
      throw new MigrationError(`migration ${name} failed: ${error.message}`, { cause: error });
    });
    applied.push({ name, checksum });
    onProgress?.(seen.size + applied.length, names.length);
  }
  await record();
  return { applied: applied.map(({ name }) => name), already: seen.size };
}

const NOT_ENOUGH_SPACE = '243';
const UNKNOWN_TABLE = '60';
/** ClickHouse's codes for a table that is there, is not, was dropped or changed, or whose definition is gone, all of a sudden. */
const CHANGED_MEANWHILE = new Set([UNKNOWN_TABLE, '57', '107', '218', '390', '517', '645']);
const MOST_TRIES = 10;

/** While another collector replaces a table, it is not there for a moment: then everything once more. */
export async function despiteOthers<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!CHANGED_MEANWHILE.has(codeOf(error)) || tries >= MOST_TRIES) throw error;
      await wait(50 * tries);
    }
  }
}

/** ClickHouse's code of an error or of what caused it, else ''. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code ?? cause?.code ?? '';
}

/** The TTL of each table that has one. */
export function retentionOf(retentionDays: number): { table: string; ttl: string }[] {
  const attemptDays = Math.min(retentionDays, attemptRetentionDays);
  const ttl = (column: string, days: number): string =>
    `toDateTime(${column}) + toIntervalDay(${days})`;
  return [
    { table: 'failures', ttl: ttl('timestamp', retentionDays) },
    { table: 'node_attempts', ttl: ttl('timestamp', attemptDays) },
    { table: 'graph_runs', ttl: ttl('started_at', retentionDays) },
  ];
}

/** Changes the TTL of a table only where it differs, since a changed TTL makes ClickHouse work. */
async function setRetention(client: ClickHouse, retentionDays: number): Promise<void> {
  for (const { table, ttl } of retentionOf(retentionDays)) {
    const current = await client.query({
      query:
        'SELECT position(create_table_query, {ttl:String}) > 0 AS same FROM system.tables ' +
        'WHERE database = currentDatabase() AND name = {table:String}',
      query_params: { table, ttl },
      format: 'JSONEachRow',
    });
    const [row] = await current.json<{ same: number }>();
    if (row === undefined) {
      throw Object.assign(
        new MigrationError(
          `table ${table} is gone though its migration was applied: restore a backup ("faultline restore"), or start with an empty folder or database`,
        ),
        { code: UNKNOWN_TABLE },
      );
    }
    if (row.same) continue;
    await client.command({
      query: `ALTER TABLE ${table} MODIFY TTL ${ttl}`,
      clickhouse_settings: { materialize_ttl_after_modify: 0 },
    });
  }
}
