// The queue inside a backup: for the time of it, its files are rows of a table beside the others, so that one
// destination, a folder or an object store, holds everything.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { copyQueue } from '../../collector/queue/copy.ts';
import { quoted } from '../clickhouse/cluster/members.ts';
import type { BackupTarget } from './target.ts';

/** Name of the table; it is gone after a backup and after a restore. */
export const QUEUE_TABLE = 'backup_queue';

const PART_BYTES = 512 * 1024;

/** Folders of queues by what stands behind the name of the first: '', `-shard-2`. */
export type QueueFolders = ReadonlyMap<string, string>;

/** A name as ClickHouse reads it. */
export const nameOf = (name: string): string => `\`${name.replaceAll(/[\\`]/g, '\\$&')}\``;

interface PartRow {
  file: string;
  part: number;
  /** Base64. */
  bytes: string;
}

/** On a cluster the table is on every server, and the rows on one of them. */
export class QueueTable {
  readonly name: string;
  readonly #target: BackupTarget;
  readonly #database: string;

  constructor(target: BackupTarget, database: string) {
    this.#target = target;
    this.#database = database;
    this.name = `${nameOf(database)}.${QUEUE_TABLE}`;
  }

  /**
   * Fills the table with a copy of the queues. Rows that ClickHouse confirmed before are in its own tables, so what is
   * backed up after this call holds every row that was accepted before it. The first queue is copied before those of
   * shards, which rows go to from there.
   * @returns bytes of the queues' files
   */
  async keep(folders: QueueFolders): Promise<number> {
    await this.drop();
    await this.#target.everywhere(
      `CREATE TABLE ${this.name} {ON CLUSTER} (file String, part UInt32, bytes String CODEC(ZSTD(1)))
       ENGINE = MergeTree ORDER BY (file, part) SETTINGS index_granularity = 16 COMMENT ${quoted(this.#target.mark)}`,
    );
    let bytes = 0;
    for (const [suffix, folder] of folders) bytes += await this.#keepFolder(suffix, folder);
    return bytes;
  }

  async #keepFolder(suffix: string, folder: string): Promise<number> {
    const copy = `${folder}-copy-${randomUUID()}`;
    try {
      if (!(await copyQueue(folder, copy))) return 0;
      const names = await readdir(copy);
      const sizes = await Promise.all(
        names.map(async (name) => (await stat(join(copy, name))).size),
      );
      await this.#target.client.insert({
        table: this.name,
        values: Readable.from(partsOf(copy, names, suffix)),
        format: 'JSONEachRow',
      });
      return sizes.reduce((sum, size) => sum + size, 0);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }

  /** Of what the backup is that the table was restored from. */
  async mark(): Promise<string> {
    const [row] = await this.#select<{ comment: string }>(
      'SELECT comment FROM system.tables WHERE database = {database:String} AND name = {table:String}',
      { database: this.#database, table: QUEUE_TABLE },
    );
    return row?.comment ?? '';
  }

  /**
   * Writes the queues' files out of the table.
   * @param folderOf their folders, which must not exist, or be empty
   * @returns bytes of the files
   */
  async giveBack(folderOf: (suffix: string) => string): Promise<number> {
    const rows = this.#target.over(nameOf(this.#database), QUEUE_TABLE);
    let total = 0;
    const files = await this.#select<{ file: string }>(`SELECT DISTINCT file FROM ${rows}`);
    for (const { file: path } of files) {
      const [, suffix, name] = /^(?:(-shard-\d+)\/)?([\w.-]+)$/.exec(path) ?? [];
      if (name === undefined) throw new Error(`the backup has a queue file of the name ${path}`);
      const folder = folderOf(suffix ?? '');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const parts = await this.#target.client.query({
        query: `SELECT bytes FROM ${rows} WHERE file = {path:String} ORDER BY part`,
        query_params: { path },
        format: 'JSONEachRow',
      });
      const file = await open(join(folder, name), 'wx', 0o600);
      try {
        for await (const some of parts.stream<{ bytes: string }>()) {
          for (const row of some) {
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
    return total;
  }

  async drop(): Promise<void> {
    await this.#target.everywhere(`DROP TABLE IF EXISTS ${this.name} {ON CLUSTER} SYNC`);
  }

  async #select<T>(query: string, query_params: Record<string, string> = {}): Promise<T[]> {
    const result = await this.#target.client.query({ query, query_params, format: 'JSONEachRow' });
    return result.json<T>();
  }
}

/** A file's mark is read before what it marks, as the owner may append to it meanwhile. */
async function* partsOf(
  folder: string,
  names: readonly string[],
  suffix: string,
): AsyncGenerator<PartRow> {
  for (const name of names) {
    const path = suffix === '' ? name : `${suffix}/${name}`;
    const file = await open(join(folder, name));
    try {
      const { size } = await file.stat();
      for (let part = 0; part * PART_BYTES < size || part === 0; part++) {
        const wanted = Math.min(PART_BYTES, size - part * PART_BYTES);
        const bytes = Buffer.alloc(wanted);
        const { bytesRead } = await file.read(bytes, 0, wanted, part * PART_BYTES);
        yield { file: path, part, bytes: bytes.subarray(0, bytesRead).toString('base64') };
      }
    } finally {
      await file.close();
    }
  }
}
