// The durable queue between the receivers and ClickHouse: accepted rows are on disk before the sender
// learns of it, and leave only when ClickHouse has confirmed them.

import type { Logger } from 'pino';
import type { ClickHouse } from '../serving/clickhouse.ts';
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
  /** How long `close` tries to empty the queue, in milliseconds. @default 10,000 */
  flushMs?: number;
}

export interface QueueStats extends DrainStats, InserterStats {
  entries: number;
  /** Bytes of the rows that wait. */
  bytes: number;
  /** Milliseconds since the oldest waiting entry was accepted; 0 when none waits. */
  oldestAgeMs: number;
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
  const drain = new Drain({ store, inserter, logger });
  const sink = new DurableQueue({ store, maxBytes, logger, appended: () => drain.wake() });
  const { done, last } = store.state;
  if (done < last)
    logger.info({ entries: last - done }, 'going on with rows that wait in the queue');
  drain.wake();
  return {
    sink,
    deadLetters: new DeadLetters(store, () => drain.wake()),
    drained: () => drain.drained(),
    endSegment: () => store.endSegment(),
    stats: () => {
      const { last, done, bytes, deadLetters, deadLetterBytes } = store.state;
      const oldest = store.oldest();
      return {
        ...drain.stats(),
        ...inserter.stats(),
        entries: last - done,
        bytes,
        oldestAgeMs: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest),
        deadLetters,
        deadLetterBytes,
      };
    },
    close: async () => {
      sink.close();
      await drain.stop(flushMs);
      const left = store.state.last - store.state.done;
      if (left > 0) logger.warn({ entries: left }, 'rows stay in the queue for the next start');
      open.close();
    },
  };
}
