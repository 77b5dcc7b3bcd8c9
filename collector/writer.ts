import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import type { Table } from './rows.ts';

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

export interface InserterStats {
  inserts: number;
  failedInserts: number;
}

/** Codes of ClickHouse for data that it will not take, however often it is sent. */
const REFUSED_CODES = new Set([
  6, 25, 26, 27, 33, 34, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 386, 467,
  469,
]);

/** More than the rows of one insert may take; they are inserted in halves then. */
const MEMORY_LIMIT_EXCEEDED = 241;

/** Inserts rows into ClickHouse and finds those that it refuses. */
export class Inserter {
  private readonly client: ClickHouseClient;
  private readonly counted: InserterStats = { inserts: 0, failedInserts: 0 };

  constructor(client: ClickHouseClient) {
    this.client = client;
  }

  /**
   * Inserts rows and resolves when ClickHouse has confirmed all that it takes. When it refuses an
   * insert, the halves are inserted by themselves, down to the rows that are to blame.
   *
   * @param texts lines of JSONEachRow, each ended by '\n'
   * @param token the same for the same rows, so that ClickHouse may skip what it has already
   * @returns the rows that it refused
   * @throws {Error} when the rows could not be inserted now
   */
  async insert(
    table: Table,
    texts: Buffer[],
    token: string,
    signal?: AbortSignal,
  ): Promise<Refused[]> {
    try {
      await this.insertOnce(table, texts, token, signal);
      return [];
    } catch (error) {
      if (!isDivisible(error)) throw withReason(error);
    }
    const lines = texts.flatMap((text) => text.toString('utf8').split('\n').slice(0, -1));
    return this.bisect(table, lines, 0, token, signal);
  }

  stats(): InserterStats {
    return { ...this.counted };
  }

  /** The rows are known to fail together. */
  private async bisect(
    table: Table,
    lines: string[],
    offset: number,
    token: string,
    signal?: AbortSignal,
  ): Promise<Refused[]> {
    const middle = Math.ceil(lines.length / 2);
    const halves: [string[], number][] = [
      [lines.slice(0, middle), offset],
      [lines.slice(middle), offset + middle],
    ];
    const refused: Refused[] = [];
    for (const [half, start] of halves) {
      if (half.length === 0) continue;
      try {
        const text = Buffer.from(`${half.join('\n')}\n`);
        await this.insertOnce(table, [text], `${token}:${start}+${half.length}`, signal);
      } catch (error) {
        if (half.length > 1 && isDivisible(error)) {
          refused.push(...(await this.bisect(table, half, start, token, signal)));
        } else if (isRefused(error)) {
          refused.push({ table, index: start, row: half[0]!, reason: reasonOf(error) });
        } else {
          throw withReason(error);
        }
      }
    }
    return refused;
  }

  private async insertOnce(
    table: Table,
    texts: Buffer[],
    token: string,
    signal?: AbortSignal,
  ): Promise<void> {
    this.counted.inserts++;
    try {
      const { stream } = await this.client.exec({
        query: `INSERT INTO ${table} FORMAT JSONEachRow`,
        values: Readable.from(texts, { objectMode: false }),
        ...(signal ? { abort_signal: signal } : {}),
        clickhouse_settings: {
          async_insert: 0,
          wait_end_of_query: 1,
          date_time_input_format: 'basic',
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
      throw error;
    }
  }
}

/** What went wrong, without the piece of a row that ClickHouse's messages quote. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ClickHouseError)) {
    return error instanceof Error ? error.message || error.name : String(error);
  }
  const column = /value of key (\w+)/.exec(error.message)?.[1];
  const what = `${error.type ?? 'error'} (${error.code})`;
  return column === undefined ? what : `${what} at column ${column}`;
}

function withReason(error: unknown): Error {
  return new Error(reasonOf(error), { cause: error });
}

function isRefused(error: unknown): boolean {
  return error instanceof ClickHouseError && REFUSED_CODES.has(Number(error.code));
}

function isDivisible(error: unknown): boolean {
  const tooMuch = error instanceof ClickHouseError && Number(error.code) === MEMORY_LIMIT_EXCEEDED;
  return tooMuch || isRefused(error);
}
