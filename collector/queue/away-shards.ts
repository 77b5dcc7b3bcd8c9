// While a shard of a cluster is away: the rows of the others go on, its own wait in a queue of their own.
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { Drain } from './drain.ts';
import { type Entry, toEntries } from './entry.ts';
import { type OpenQueue, openQueue } from './open.ts';
import { mayBeShardAway, readShards, type Shard } from './shard-map.ts';
import type { Batch, QueueStore, RefusedRow } from './store.ts';
import type { Inserter } from './writer.ts';

interface AwayShardsParts {
  /** Of the queue that all rows come through; those of the shards are beside it. */
  folder: string;
  client: ClickHouse;
  inserter: Inserter;
  /** Takes rows that were refused, to be refused there once more and kept as dead letters. */
  putBack(entries: Entry[]): void;
  logger: Logger;
}

interface ShardQueue {
  open: OpenQueue;
  drain: Drain;
}

/** A cluster has no more shards whose queues are looked for at a start. */
const MOST_SHARDS = 1_000;

/**
 * States of a shard: here (its queue is empty), away (batches are appended to its queue, which tries to insert them
 * after growing pauses). A batch is kept whole for a shard that is away, and only its rows are inserted of it.
 */
export class AwayShards {
  readonly #parts: AwayShardsParts;
  readonly #queues = new Map<number, ShardQueue>();
  #shards: Promise<Shard[]> | undefined;

  constructor(parts: AwayShardsParts) {
    this.#parts = parts;
    // Those that the process before left.
    for (let number = 1; number <= MOST_SHARDS; number++) {
      if (existsSync(this.#folderOf(number))) this.#queueOf(number);
    }
  }

  /** Numbers of the shards that are away. */
  get numbers(): number[] {
    return [...this.#queues].flatMap(([number, { open }]) => (waits(open.store) > 0 ? number : []));
  }

  /** What waits for them. */
  get state(): { entries: number; bytes: number; oldest: number | undefined } {
    const stores = [...this.#queues.values()].map(({ open }) => open.store);
    const oldest = stores.flatMap((store) => store.oldest() ?? []);
    return {
      entries: stores.reduce((sum, store) => sum + waits(store), 0),
      bytes: stores.reduce((sum, store) => sum + store.state.bytes, 0),
      oldest: oldest.length > 0 ? Math.min(...oldest) : undefined,
    };
  }

  /**
   * Inserts a batch into each shard by itself, and keeps it for those that are away; on disk when this resolves.
   *
   * @param insert inserts the rows of one shard
   * @param failure why the batch could not be inserted as usual
   * @throws when no shard takes its rows, or one refuses for another reason
   */
  async insert(
    batch: Batch,
    insert: (shard: Shard) => Promise<RefusedRow[]>,
    failure: unknown,
  ): Promise<RefusedRow[]> {
    const shards = await this.#read();
    const known = this.numbers;
    const refused = new Map<string, RefusedRow>();
    const away: number[] = [];
    let last = failure;
    for (const shard of shards) {
      try {
        if (known.includes(shard.number)) away.push(shard.number);
        else for (const row of await insert(shard)) refused.set(`${row.table} ${row.index}`, row);
      } catch (error) {
        if (!mayBeShardAway(error)) throw error;
        away.push(shard.number);
        last = error;
      }
    }
    if (away.length === shards.length) throw last ?? new Error('no shard answers');
    for (const number of away) this.#keep(number, batch.entries, last);
    return [...refused.values()];
  }

  /** Resolves when nothing waits that waits now. */
  async drained(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ drain }) => drain.drained()));
  }

  endSegment(): void {
    for (const { open } of this.#queues.values()) open.store.endSegment();
  }

  async close(withinMs: number): Promise<void> {
    const queues = [...this.#queues.values()];
    await Promise.all(queues.map(({ drain }) => drain.stop(withinMs)));
    for (const { open } of queues) open.close();
  }

  #keep(number: number, entries: Entry[], reason: unknown): void {
    const { open, drain } = this.#queueOf(number);
    const layouts = entries.flatMap(({ tables }) =>
      Object.values(tables).map((rows) => rows.layout),
    );
    // Rows that another version wrote wait where they are.
    if (!layouts.every((layout) => open.store.knows(layout))) throw reason;
    const isFirst = waits(open.store) === 0;
    open.store.append(entries);
    if (isFirst) this.#parts.logger.warn({ shard: number }, 'rows of a shard wait: it is away');
    drain.wake();
  }

  #queueOf(number: number): ShardQueue {
    const there = this.#queues.get(number);
    if (there) return there;
    const { inserter, putBack } = this.#parts;
    const logger = this.#parts.logger.child({ shard: number });
    const open = openQueue(this.#folderOf(number), logger);
    const { store } = open;
    const drain = new Drain({
      store: {
        ...partsOf(store),
        get state() {
          return store.state;
        },
        confirm: (batch, refused, at) => {
          const rows = refused.map(({ table, row }) =>
            toEntries({ [table]: [JSON.parse(row)] }, at),
          );
          if (rows.length > 0) putBack(rows.flat());
          store.confirm(batch, [], at);
        },
      },
      inserter: {
        insert: async (rows) => {
          const shard = (await this.#read()).find((one) => one.number === number);
          if (!shard) throw new Error(`the cluster has no shard ${number} any more`);
          return inserter.insert({ ...rows, shard });
        },
      },
      logger,
    });
    const queue = { open, drain };
    this.#queues.set(number, queue);
    drain.wake();
    return queue;
  }

  #read(): Promise<Shard[]> {
    this.#shards ??= readShards(this.#parts.client).catch((error: unknown) => {
      this.#shards = undefined;
      throw error;
    });
    return this.#shards;
  }

  #folderOf(number: number): string {
    return `${this.#parts.folder}-shard-${number}`;
  }
}

const waits = (store: QueueStore): number => store.state.last - store.state.done;

const partsOf = (store: QueueStore) => ({
  nextBatch: store.nextBatch.bind(store),
  layout: store.layout.bind(store),
  rowsBehind: store.rowsBehind.bind(store),
});
