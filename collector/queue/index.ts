// The durable queue between the receivers and ClickHouse: accepted rows are on disk before the sender
// learns of it, and leave only when ClickHouse has confirmed them.

import type { Logger } from 'pino';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { AwayShards } from './away-shards.ts';
import { DeadLetters } from './dead-letters.ts';
import { Drain, type DrainStats } from './drain.ts';
import { openQueue } from './open.ts';
import { DurableQueue } from './queue.ts';
import { type InsertEnd, Inserter, type InserterStats } from './writer.ts';

export { QueueError } from './open.ts';

export interface QueueOptions {
  /** Folder of the queue; made when it is not there. */
  folder: string;
  /** Most bytes of rows that wait, dead letters included. */
  maxBytes: number;
  /** The tables are spread over the shards of a cluster. @default false */
  isSpread?: boolean;
  /** How long `close` tries to empty the queue, in milliseconds. @default 10,000 */
  flushMs?: number;
}

export interface QueueStats extends DrainStats, InserterStats {
  entries: number;
  /** Bytes of the rows that wait. */
  bytes: number;
  /** Milliseconds since the oldest waiting entry was accepted; 0 when none waits. */
  oldestAgeMs: number;
  /** Shards of a cluster whose rows wait by themselves, because they are away. */
  awayShards: number;
  deadLetters: number;
  deadLetterBytes: number;
}

/** The queue, what drains it, and its dead letters. */
export interface Queue {
  sink: DurableQueue;
  deadLetters: DeadLetters;
  /** Resolves when all that was accepted until now has left the queue. */
  drained(): Promise<void>;
  stats(): QueueStats;
  /** What is in files of the queue now leaves the disk as soon as ClickHouse has it. */
  endSegment(): void;
  /** Stops accepting, empties the queue as far as that goes in time; the rest stays on disk. */
  close(): Promise<void>;
}

/**
 * Opens the queue and goes on where it stood.
 * @throws QueueError when the folder cannot be used
 */
export async function startQueue(
  options: QueueOptions & {
    client: ClickHouse;
    /** Called after each INSERT. */
    inserted?: (insert: InsertEnd) => void;
    logger: Logger;
  },
): Promise<Queue> {
  const { folder, maxBytes, flushMs = 10_000, client, logger } = options;
  const open = openQueue(folder, logger);
  const { store } = open;
  const inserter = new Inserter(client, options.inserted);
  const awayShards = options.isSpread
    ? new AwayShards({
        ...{ folder, client, inserter, logger },
        putBack: (entries) => {
          store.append(entries);
          drain.wake();
        },
      })
    : undefined;
  const drain: Drain = new Drain({ store, inserter, awayShards, logger });
  const sink = new DurableQueue({
    ...{ store, maxBytes, logger },
    appended: () => drain.wake(),
    elsewhere: () => awayShards?.state.bytes ?? 0,
  });
  const { done, last } = store.state;
  if (done < last)
    logger.info({ entries: last - done }, 'going on with rows that wait in the queue');
  drain.wake();
  return {
    sink,
    deadLetters: new DeadLetters(store, () => drain.wake()),
    drained: async () => {
      await drain.drained();
      await awayShards?.drained();
    },
    endSegment: () => {
      store.endSegment();
      awayShards?.endSegment();
    },
    stats: () => {
      const { last, done, bytes, deadLetters, deadLetterBytes } = store.state;
      const away = awayShards?.state ?? { entries: 0, bytes: 0, oldest: undefined };
      const oldest = Math.min(...[store.oldest(), away.oldest].filter((at) => at !== undefined));
      return {
        ...drain.stats(),
        ...inserter.stats(),
        entries: last - done + away.entries,
        bytes: bytes + away.bytes,
        oldestAgeMs: Number.isFinite(oldest) ? Math.max(0, Date.now() - oldest) : 0,
        awayShards: awayShards?.numbers.length ?? 0,
        deadLetters,
        deadLetterBytes,
      };
    },
    close: async () => {
      sink.close();
      await drain.stop(flushMs);
      await awayShards?.close(flushMs);
      const left = store.state.last - store.state.done;
      if (left > 0) logger.warn({ entries: left }, 'rows stay in the queue for the next start');
      open.close();
    },
  };
}
