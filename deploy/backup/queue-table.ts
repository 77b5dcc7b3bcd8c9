// The queue inside a backup: for the time of it, its files are rows of a table beside the others, so that one
// destination, a folder or an object store, holds everything.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { copyQueue } from '../../collector/queue/copy.ts';
import type { ClickHouse } from '../../collector/serving/clickhouse.ts';

/** Name of the table; it is gone after a backup and after a restore. */
export const QUEUE_TABLE = 'backup_queue';

const PART_BYTES = 512 * 1024;

interface PartRow {
  file: string;
  part: number;
  /** Base64. */
  bytes: string;
}

/**
 * Fills the table with a copy of the queue. Rows that ClickHouse confirmed before are in its own tables, so what is
 * backed up after this call holds every row that was accepted before it.
 * @returns bytes of the queue's files
 */
export async function keepQueue(client: ClickHouse, folder: string): Promise<number> {
  await dropQueueTable(client);
  await client.command({
    query: `CREATE TABLE ${QUEUE_TABLE} (file String, part UInt32, bytes String CODEC(ZSTD(1)))
            ENGINE = MergeTree ORDER BY (file, part) SETTINGS index_granularity = 16`,
  });
  const copy = `${folder}-copy-${randomUUID()}`;
  try {
    if (!(await copyQueue(folder, copy))) return 0;
    const names = await readdir(copy);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(copy, name))).size));
    await client.insert({
      table: QUEUE_TABLE,
      values: Readable.from(partsOf(copy, names)),
      format: 'JSONEachRow',
    });
    return sizes.reduce((sum, size) => sum + size, 0);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** A file's mark is read before what it marks, as the owner may append to it meanwhile. */
async function* partsOf(folder: string, names: readonly string[]): AsyncGenerator<PartRow> {
  for (const name of names) {
    const file = await open(join(folder, name));
    try {
      const { size } = await file.stat();
      for (let part = 0; part * PART_BYTES < size || part === 0; part++) {
        const wanted = Math.min(PART_BYTES, size - part * PART_BYTES);
        const bytes = Buffer.alloc(wanted);
        const { bytesRead } = await file.read(bytes, 0, wanted, part * PART_BYTES);
        yield { file: name, part, bytes: bytes.subarray(0, bytesRead).toString('base64') };
      }
    } finally {
      await file.close();
    }
  }
}

/**
 * Writes the queue's files out of the table, and drops it.
 * @param folder must not exist, or be empty
 * @returns bytes of the files
 */
export async function giveQueueBack(client: ClickHouse, folder: string): Promise<number> {
  if (!(await hasQueueTable(client))) return 0;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const named = await client.query({
    query: `SELECT DISTINCT file FROM ${QUEUE_TABLE}`,
    format: 'JSONEachRow',
  });
  let total = 0;
  for (const { file: name } of await named.json<{ file: string }>()) {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`the backup has a queue file of the name ${name}`);
    const parts = await client.query({
      query: `SELECT bytes FROM ${QUEUE_TABLE} WHERE file = {name:String} ORDER BY part`,
      query_params: { name },
      format: 'JSONEachRow',
    });
    const file = await open(join(folder, name), 'wx', 0o600);
    try {
      for await (const rows of parts.stream<{ bytes: string }>()) {
        for (const row of rows) {
          const bytes = Buffer.from(row.json().bytes, 'base64');
          await file.write(bytes);
          total += bytes.length;
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await dropQueueTable(client);
  return total;
}

export async function dropQueueTable(client: ClickHouse): Promise<void> {
  await client.command({ query: `DROP TABLE IF EXISTS ${QUEUE_TABLE} SYNC` });
}

async function hasQueueTable(client: ClickHouse): Promise<boolean> {
  const result = await client.query({
    query: `EXISTS TABLE ${QUEUE_TABLE}`,
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ result: number }>();
  return row?.result === 1;
}
