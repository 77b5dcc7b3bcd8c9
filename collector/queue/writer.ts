// Inserts rows into ClickHouse and finds those that it refuses.
import { Readable } from 'node:stream';
import { ClickHouseError } from '@clickhouse/client';
import type { Column } from '../rows/columns.ts';
import { readRows } from '../rows/row-binary-reader.ts';
import type { Table } from '../rows/rows.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { Shard } from './shard-map.ts';

/** RowBinary of rows of one table, all written with the same columns. */
export interface Insert {
  table: Table;
  columns: readonly Column[];
  parts: Buffer[];
  /** How many rows the parts hold. */
  rows?: number | undefined;
  /** The same for the same rows, so that ClickHouse may skip what it has already. */
  token: string;
  /** How often these rows could not be inserted before. */
  tries?: number;
  /** Gives some other row of the table: if ClickHouse takes it, what it does not take is to blame. */
  witness?: () => Buffer | undefined;
  signal?: AbortSignal;
  /** Of a cluster: only its rows are inserted. */
  shard?: Shard | undefined;
}

/** A row that ClickHouse will not take. */
export interface Refused {
  table: Table;
  /** Its place among the rows of the insert, from 0. */
  index: number;
  /** As JSON. */
  row: string;
  /** Without what stands in the row. */
  reason: string;
}

/** One INSERT that has ended. */
export interface InsertEnd {
  table: Table;
  rows: number | undefined;
  bytes: number;
  seconds: number;
  error?: unknown;
}

export interface InserterStats {
  inserts: number;
  failedInserts: number;
}

/** ClickHouse's codes for data that it will not take, however often it is sent. */
const REFUSED_CODES = new Set([
  6, 25, 26, 27, 34, 38, 41, 43, 53, 69, 70, 72, 117, 128, 130, 131, 190, 321, 349, 376, 386, 395,
  467, 469,
]);

/**
 * ClickHouse's codes for its own state: a later try may do. Tables, columns and rights that are
 * missing, limits and quotas, the disk, the network, replicas and their keeper, a shutdown.
 */
const TRANSIENT_CODES = new Set([
  3, 16, 32, 48, 49, 60, 74, 75, 76, 81, 159, 160, 164, 173, 192, 193, 194, 198, 201, 202, 203, 204,
  209, 210, 218, 225, 234, 236, 241, 242, 243, 244, 252, 254, 265, 279, 285, 286, 289, 290, 298,
  305, 319, 341, 357, 359, 369, 373, 394, 410, 415, 416, 425, 439, 473, 492, 497, 499, 516, 517,
  571, 574, 585, 586, 594, 598, 606, 608, 619, 620, 625, 641, 645, 647, 649, 656, 667, 677, 684,
  698, 709, 710, 712, 722, 723, 999, 1000, 1001, 1002,
]);

/** More than the rows of one insert may take; they are inserted in halves then. */
const MEMORY_LIMIT_EXCEEDED = 241;

/** Tries after which a code of neither list is held against the rows, if others are taken. */
const SUSPECT_AFTER = 5;
/** Tries after which any answer of ClickHouse is, if others are taken. */
const BLAME_AFTER = 20;
/** Rows that are tried by themselves to learn whether any is taken. */
const SAMPLES = 8;

export class Inserter {
  private readonly client: ClickHouse;
  private readonly ended: (insert: InsertEnd) => void;
  private readonly counted: InserterStats = { inserts: 0, failedInserts: 0 };

  /** @param ended called after each INSERT */
  constructor(client: ClickHouse, ended: (insert: InsertEnd) => void = () => {}) {
    this.client = client;
    this.ended = ended;
  }

  /**
   * Inserts rows and resolves when ClickHouse has confirmed all that it takes. When it refuses an
   * insert, the halves are inserted by themselves, down to the rows that are to blame. An answer that
   * may be due to the rows or to ClickHouse is held against the rows when it comes again and again
   * while other rows are taken.
   *
   * @returns the rows that it refused
   * @throws {Error} when the rows could not be inserted now
   */
  async insert(insert: Insert): Promise<Refused[]> {
    try {
      await this.insertOnce(insert, insert.parts, insert.token);
      return [];
    } catch (error) {
      const blamed = isRefused(error) || isTooMuch(error) || (await this.isSuspect(error, insert));
      if (!blamed) throw withReason(error);
    }
    return this.bisect(insert, rowsOf(insert), 0);
  }

  stats(): InserterStats {
    return { ...this.counted };
  }

  /** The rows are known to fail together. */
  private async bisect(insert: Insert, rows: Buffer[], offset: number): Promise<Refused[]> {
    const middle = Math.ceil(rows.length / 2);
    const halves: [Buffer[], number][] = [
      [rows.slice(0, middle), offset],
      [rows.slice(middle), offset + middle],
    ];
    const refused: Refused[] = [];
    for (const [half, start] of halves) {
      if (half.length === 0) continue;
      try {
        await this.insertOnce(
          { ...insert, rows: half.length },
          half,
          `${insert.token}:${start}+${half.length}`,
        );
      } catch (error) {
        const blamed = isRefused(error) || mayBeBlamed(error, insert.tries ?? 0);
        if (half.length > 1 && (blamed || isTooMuch(error))) {
          refused.push(...(await this.bisect(insert, half, start)));
        } else if (blamed) {
          const { table, columns } = insert;
          const { row } = readRows(half[0]!, columns).next().value!;
          refused.push({ table, index: start, row: JSON.stringify(row), reason: reasonOf(error) });
        } else {
          throw withReason(error);
        }
      }
    }
    return refused;
  }

  /** Whether an answer that says nothing of the rows is due to them: others are taken. */
  private async isSuspect(error: unknown, insert: Insert): Promise<boolean> {
    if (!mayBeBlamed(error, insert.tries ?? 0)) return false;
    const rows = rowsOf(insert);
    const every = Math.ceil(rows.length / SAMPLES);
    const samples = rows.length > 1 ? rows.filter((_row, index) => index % every === 0) : [];
    const witness = insert.witness?.();
    if (witness) samples.unshift(witness);
    for (const [index, sample] of samples.entries()) {
      const taken = await this.insertOnce(
        { ...insert, rows: 1 },
        [sample],
        `${insert.token}:sample-${index}`,
      ).then(
        () => true,
        () => false,
      );
      if (taken) return true;
    }
    return false;
  }

  private async insertOnce(
    { table, columns, rows, signal, shard }: Insert,
    parts: Buffer[],
    token: string,
  ): Promise<void> {
    this.counted.inserts++;
    const start = performance.now();
    const end = (error?: unknown): void => {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      this.ended({ table, rows, bytes, seconds: (performance.now() - start) / 1000, error });
    };
    try {
      const names = columns.map(([name]) => name).join(', ');
      const { stream } = await this.client.exec({
        query: `INSERT INTO ${table} (${names}) ${shard ? rowsOfShard(shard, table, columns) : ''} FORMAT RowBinary`,
        values: Readable.from(parts, { objectMode: false }),
        ...(signal ? { abort_signal: signal } : {}),
        clickhouse_settings: {
          async_insert: 0,
          wait_end_of_query: 1,
          ...(shard && { insert_shard_id: `${shard.number}` }),
          insert_deduplication_token: token,
          // A late batch may touch many weeks; a refusal would lose it.
          max_partitions_per_insert_block: '0',
        },
      });
      for await (const _chunk of stream) {
        // An insert answers nothing; the connection is free when that has been read.
      }
    } catch (error) {
      this.counted.failedInserts++;
      end(error);
      throw error;
    }
    end();
  }
}

/** Takes the rows of one shard out of all those that are sent. */
function rowsOfShard(shard: Shard, table: Table, columns: readonly Column[]): string {
  const names = columns.map(([name]) => name).join(', ');
  const structure = columns.map(([name, type]) => `${name} ${type}`).join(', ');
  return `SELECT ${names} FROM input('${structure}') WHERE ${shard.conditions.get(table) ?? 'false'}`;
}

function rowsOf({ parts, columns }: Insert): Buffer[] {
  return parts.flatMap((part) => Array.from(readRows(part, columns), ({ bytes }) => bytes));
}

/** What went wrong, without the piece of a row that ClickHouse's messages quote. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ClickHouseError)) {
    return error instanceof Error ? error.message || error.name : String(error);
  }
  return `${error.type ?? 'error'} (${error.code})`;
}

function withReason(error: unknown): Error {
  return new Error(reasonOf(error), { cause: error });
}

function codeOf(error: unknown): number | undefined {
  return error instanceof ClickHouseError ? Number(error.code) : undefined;
}

function isRefused(error: unknown): boolean {
  return REFUSED_CODES.has(codeOf(error) ?? -1);
}

function isTooMuch(error: unknown): boolean {
  return codeOf(error) === MEMORY_LIMIT_EXCEEDED;
}

function mayBeBlamed(error: unknown, tries: number): boolean {
  const code = codeOf(error);
  if (code === undefined) return false;
  return tries >= (TRANSIENT_CODES.has(code) ? BLAME_AFTER : SUSPECT_AFTER);
}
