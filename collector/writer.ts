import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import type { Logger } from 'pino';
import { countRows, type Rows, TABLES, type Table } from './rows.ts';
import { type Sink, SinkRefused, SinkUnavailable } from './sink.ts';

/** Rows of one request, already as the text that is inserted. */
interface Batch {
  lines: Map<Table, string>;
  rows: number;
  bytes: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

export interface WriterOptions {
  client: ClickHouseClient;
  logger: Logger;
  /** Bytes that may wait for their insert. @default 64 MiB */
  maxWaitingBytes?: number;
  /** Bytes from which an insert takes no further requests. @default 16 MiB */
  maxInsertBytes?: number;
}

export interface WriterStats {
  inserts: number;
  rows: number;
  refusedRows: number;
  failedInserts: number;
  waitingBytes: number;
}

const MIB = 1024 * 1024;

/** Codes of ClickHouse for data that it will not take, however often it is sent. */
const REFUSED_CODES = new Set([
  6, 25, 26, 27, 33, 34, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 386, 467,
  469,
]);

/**
 * Inserts rows in groups. States: idle; inserting (one group is under way, requests that come
 * meanwhile wait for the next); closed. `accept` moves idle to inserting, the end of the last group
 * moves back, `close` waits for idle and moves to closed for good.
 *
 * A group that ClickHouse refuses is inserted again request by request, so that the bad rows of one
 * sender are nobody else's trouble.
 */
export class Writer implements Sink {
  private readonly client: ClickHouseClient;
  private readonly logger: Logger;
  private readonly maxWaitingBytes: number;
  private readonly maxInsertBytes: number;
  private waiting: Batch[] = [];
  private inserting: Promise<void> | undefined;
  private closed = false;
  private readonly counted: WriterStats = {
    inserts: 0,
    rows: 0,
    refusedRows: 0,
    failedInserts: 0,
    waitingBytes: 0,
  };

  constructor(options: WriterOptions) {
    this.client = options.client;
    this.logger = options.logger;
    this.maxWaitingBytes = options.maxWaitingBytes ?? 64 * MIB;
    this.maxInsertBytes = options.maxInsertBytes ?? 16 * MIB;
  }

  accept(rows: Rows): Promise<void> {
    if (this.closed) return Promise.reject(new SinkUnavailable('the collector is shutting down'));
    if (countRows(rows) === 0) return Promise.resolve();
    const { lines, bytes } = serialize(rows);
    // A request alone may be larger than the bound: it must not be refused for ever.
    if (this.counted.waitingBytes > 0 && this.counted.waitingBytes + bytes > this.maxWaitingBytes) {
      return Promise.reject(new SinkUnavailable('too many rows are waiting for ClickHouse'));
    }
    this.counted.waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.waiting.push({ lines, bytes, rows: countRows(rows), resolve, reject });
      this.inserting ??= this.insertWaiting();
    });
  }

  /** Waits until what was accepted is inserted or has failed; nothing is accepted any more. */
  async close(): Promise<void> {
    this.closed = true;
    await this.inserting;
  }

  stats(): WriterStats {
    return { ...this.counted };
  }

  private async insertWaiting(): Promise<void> {
    // Lets the requests of this turn of the event loop join the first group.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      await this.insertGroup(this.takeGroup());
    }
    this.inserting = undefined;
  }

  private takeGroup(): Batch[] {
    let bytes = 0;
    let count = 0;
    while (count < this.waiting.length && (count === 0 || bytes < this.maxInsertBytes)) {
      bytes += this.waiting[count]!.bytes;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async insertGroup(group: Batch[]): Promise<void> {
    try {
      await this.insert(group);
    } catch (error) {
      if (isRefused(error) && group.length > 1) {
        for (const batch of group) await this.insertGroup([batch]);
        return;
      }
      this.fail(group, error);
      return;
    }
    for (const batch of group) {
      this.counted.rows += batch.rows;
      this.counted.waitingBytes -= batch.bytes;
      batch.resolve();
    }
  }

  private fail(group: Batch[], error: unknown): void {
    const refused = isRefused(error);
    const rows = group.reduce((sum, batch) => sum + batch.rows, 0);
    this.counted.failedInserts++;
    if (refused) this.counted.refusedRows += rows;
    const reason = reasonOf(error);
    this.logger.error(
      { reason, rows },
      refused ? 'ClickHouse refused rows' : 'rows could not be written to ClickHouse',
    );
    for (const batch of group) {
      this.counted.waitingBytes -= batch.bytes;
      batch.reject(refused ? new SinkRefused(reason) : new SinkUnavailable(reason));
    }
  }

  private async insert(group: Batch[]): Promise<void> {
    for (const table of TABLES) {
      const lines = group.flatMap((batch) => batch.lines.get(table) ?? []);
      if (lines.length === 0) continue;
      this.counted.inserts++;
      const { stream } = await this.client.exec({
        query: `INSERT INTO ${table} FORMAT JSONEachRow`,
        values: Readable.from(lines, { objectMode: false }),
        clickhouse_settings: {
          async_insert: 0,
          wait_end_of_query: 1,
          date_time_input_format: 'basic',
          // A late batch may touch many weeks; a refusal would lose it.
          max_partitions_per_insert_block: '0',
        },
      });
      for await (const _chunk of stream) {
        // An insert answers nothing; the connection is free when that has been read.
      }
    }
  }
}

function serialize(rows: Rows): { lines: Map<Table, string>; bytes: number } {
  const lines = new Map<Table, string>();
  let bytes = 0;
  for (const table of TABLES) {
    if (rows[table].length === 0) continue;
    let text = '';
    for (const row of rows[table]) text += `${JSON.stringify(row)}\n`;
    lines.set(table, text);
    bytes += Buffer.byteLength(text);
  }
  return { lines, bytes };
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

function isRefused(error: unknown): boolean {
  return error instanceof ClickHouseError && REFUSED_CODES.has(Number(error.code));
}
