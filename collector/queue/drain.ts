import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readRows } from '../rows/row-binary-reader.ts';
import { TABLES, type Table } from '../rows/rows.ts';
import { entryRows } from './entry.ts';
import { mayBeShardAway, type Shard } from './shard-map.ts';
import type { Batch, QueueStore, RefusedRow } from './store.ts';
import type { Inserter } from './writer.ts';

export interface DrainOptions {
  store: Pick<QueueStore, 'state' | 'nextBatch' | 'layout' | 'rowsBehind' | 'confirm'>;
  inserter: Pick<Inserter, 'insert'>;
  /** On a cluster: keeps rows for shards that are away. */
  awayShards?: ShardByShard | undefined;
  logger: Logger;
  /** Bytes from which a batch takes no further entries. @default 8 MiB */
  maxBatchBytes?: number;
  /** Most entries of a batch. @default 20,000 */
  maxBatchEntries?: number;
}

/** Inserts into each shard by itself, and keeps what a shard does not take now. */
interface ShardByShard {
  /** Those for which rows are kept. */
  readonly numbers: readonly number[];
  /** @param failure why the batch could not be inserted as usual */
  insert(
    batch: Batch,
    insert: (shard: Shard) => Promise<RefusedRow[]>,
    failure: unknown,
  ): Promise<RefusedRow[]>;
}

export interface DrainStats {
  batches: number;
  /** Rows that ClickHouse has confirmed since the start. */
  rows: number;
  refusedRows: number;
  /** Attempts on a batch that failed for now. */
  retries: number;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/** An INSERT costs ClickHouse the same for one row as for a thousand: milliseconds between small ones. */
const LINGER_MS = 500;
/** The same while many rows come: each part that an INSERT makes is merged with others several times. */
const FLOW_LINGER_MS = 1500;
/** Bytes after the first pause that are many. */
const FLOW_BYTES = 256 * 1024;
/** Bytes that are inserted without waiting for more. */
const LINGER_BYTES = 4 * 1024 * 1024;

/**
 * Moves entries from the queue to ClickHouse, one batch at a time. States: idle (the queue is
 * empty); lingering (a batch was inserted a moment ago, and few rows wait); inserting; backing off
 * (ClickHouse or the disk failed, the same batch is tried again after a growing pause); stopped.
 * `wake` moves idle to inserting, or to lingering, which ends with its time, with enough rows or when
 * somebody waits for the queue to drain. A failure moves inserting to backing off, the end of the
 * pause moves back, an empty queue moves inserting to idle, `stop` ends all.
 */
export class Drain {
  private readonly options: DrainOptions;
  private readonly limits: { bytes: number; entries: number };
  private running: Promise<void> | undefined;
  private stopping = new AbortController();
  private pause: AbortController | undefined;
  private linger: AbortController | undefined;
  private insertedAt = 0;
  private lastTry = false;
  private watchers: { upTo: number; resolve: () => void }[] = [];
  private readonly counted: DrainStats = { batches: 0, rows: 0, refusedRows: 0, retries: 0 };

  constructor(options: DrainOptions) {
    this.options = options;
    this.limits = {
      // Reading them holds the process.
      bytes: options.maxBatchBytes ?? 8 * 1024 * 1024,
      entries: options.maxBatchEntries ?? 20_000,
    };
  }

  /** There may be entries. */
  wake(): void {
    if (this.stopping.signal.aborted) return;
    if (!this.mayLinger()) this.linger?.abort();
    this.running ??= this.run().finally(() => {
      this.running = undefined;
      // What was appended between the last look and here.
      const { done, last } = this.options.store.state;
      if (done < last) this.wake();
    });
  }

  /** Resolves when all that is in the queue now has left it; not before, however long it takes. */
  drained(): Promise<void> {
    const { done, last } = this.options.store.state;
    if (done >= last) return Promise.resolve();
    return new Promise((resolve) => {
      this.watchers.push({ upTo: last, resolve });
      this.linger?.abort();
    });
  }

  /**
   * Empties the queue as far as that goes within the time: when ClickHouse fails, each batch is given
   * one more try. What is left stays on disk.
   * @param withinMs milliseconds
   */
  async stop(withinMs: number): Promise<void> {
    this.lastTry = true;
    this.pause?.abort();
    this.linger?.abort();
    const timer = setTimeout(() => this.stopping.abort(), withinMs);
    this.wake();
    while (this.running) await this.running;
    this.stopping.abort();
    clearTimeout(timer);
  }

  stats(): DrainStats {
    return { ...this.counted };
  }

  private async run(): Promise<void> {
    const { store, logger } = this.options;
    let retryMs = FIRST_RETRY_MS;
    let tries = 0;
    let inserted: { batch: Batch; refused: RefusedRow[] } | undefined;
    while (!this.stopping.signal.aborted) {
      try {
        if (inserted === undefined) {
          await this.lingerForMore();
          const batch = store.nextBatch(this.limits);
          if (batch === undefined) return;
          this.insertedAt = performance.now();
          inserted = { batch, refused: await this.insert(batch, tries) };
        }
        store.confirm(inserted.batch, inserted.refused, Date.now());
        this.confirmed(inserted.batch, inserted.refused);
        inserted = undefined;
        if (tries > 0) logger.info({ tries }, 'rows reach ClickHouse again');
        tries = 0;
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.counted.retries++;
        const reason = error instanceof Error ? error.message || error.name : String(error);
        if (tries === 0) {
          logger.warn({ reason }, 'rows wait in the queue: ClickHouse does not take them');
        }
        tries++;
        if (this.lastTry) {
          this.stopping.abort();
          return;
        }
        await this.backOff(retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
  }

  /** @param tries how often this batch could not be inserted before */
  private async insert(batch: Batch, tries: number): Promise<RefusedRow[]> {
    const { awayShards } = this.options;
    let failure: unknown;
    try {
      if (!awayShards || awayShards.numbers.length === 0)
        return await this.insertRows(batch, tries);
    } catch (error) {
      if (!awayShards || this.stopping.signal.aborted || !mayBeShardAway(error)) throw error;
      failure = error;
    }
    return awayShards.insert(batch, (shard) => this.insertRows(batch, tries, shard), failure);
  }

  /** @param shard whose rows alone are inserted */
  private async insertRows(batch: Batch, tries: number, shard?: Shard): Promise<RefusedRow[]> {
    const { store, inserter } = this.options;
    const { signal } = this.stopping;
    const refused: RefusedRow[] = [];
    for (const table of TABLES) {
      let offset = 0;
      for (const { layout, rows, parts } of byLayout(batch, table)) {
        const columns = store.layout(layout);
        const token = `${batch.id}:${layout}`;
        const witness = () => {
          const behind = store.rowsBehind(batch, table, layout);
          return behind && readRows(behind, columns).next().value?.bytes;
        };
        const insert = { table, columns, parts, rows, token, tries, witness, signal, shard };
        for (const row of await inserter.insert(insert)) {
          refused.push({ ...row, index: offset + row.index });
        }
        offset += rows;
      }
    }
    return refused;
  }

  private confirmed(batch: Batch, refused: RefusedRow[]): void {
    this.counted.batches++;
    const rows = batch.entries.reduce((sum, entry) => sum + entryRows(entry), 0);
    this.counted.rows += rows - refused.length;
    this.counted.refusedRows += refused.length;
    if (refused.length > 0) {
      this.options.logger.error(
        { rows: refused.length, table: refused[0]!.table, reason: refused[0]!.reason },
        'ClickHouse refused rows: faultline deadletters list',
      );
    }
    const reached = this.watchers.filter(({ upTo }) => upTo <= batch.to);
    this.watchers = this.watchers.filter(({ upTo }) => upTo > batch.to);
    for (const { resolve } of reached) resolve();
  }

  private mayLinger(): boolean {
    const { bytes, batchTo } = this.options.store.state;
    // A batch whose end is decided takes nothing more.
    return batchTo === 0 && bytes < LINGER_BYTES && this.watchers.length === 0 && !this.lastTry;
  }

  private async lingerForMore(): Promise<void> {
    if (this.insertedAt === 0) return;
    await this.lingerUntil(this.insertedAt + LINGER_MS);
    if (this.options.store.state.bytes < FLOW_BYTES) return;
    await this.lingerUntil(this.insertedAt + FLOW_LINGER_MS);
  }

  /** @param end on the clock of `performance.now()` */
  private async lingerUntil(end: number): Promise<void> {
    const rest = end - performance.now();
    if (rest <= 0 || !this.mayLinger()) return;
    this.linger = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, this.linger.signal]);
    await wait(rest, undefined, { signal }).catch(() => {});
    this.linger = undefined;
  }

  /** Waits between half of it and all of it, so that collectors do not come back in step. */
  private async backOff(ms: number): Promise<void> {
    this.pause = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, this.pause.signal]);
    await wait(ms / 2 + (Math.random() * ms) / 2, undefined, { signal }).catch(() => {});
    this.pause = undefined;
  }
}

/** A batch's rows of one table, one part for each layout that they were written with. */
function byLayout(batch: Batch, table: Table) {
  const groups = new Map<string, { layout: string; rows: number; parts: Buffer[] }>();
  for (const { tables } of batch.entries) {
    const found = tables[table];
    if (found === undefined) continue;
    const { layout, rows, bytes } = found;
    const group = groups.get(layout) ?? { layout, rows: 0, parts: [] };
    group.rows += rows;
    group.parts.push(bytes);
    groups.set(layout, group);
  }
  return groups.values();
}
