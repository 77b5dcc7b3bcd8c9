// Where the rows of a request go: the durable queue (queue/), in the tests also a list in memory.
import type { Rows } from './rows.ts';

export interface Sink {
  /**
   * Resolves only when all rows are synced to disk.
   * @throws SinkUnavailable when they could not be stored now; the sender should try again
   * @throws SinkRefused when the store will never take them
   */
  accept(rows: Rows): Promise<void>;

  /**
   * The time that stands for a span which tells none: what was given when the span came first, so that
   * its rows are the same rows when it is sent again.
   * @param now Unix time in nanoseconds
   * @default `now`, when the sink does not remember
   */
  receivedAt?(traceId: string, spanId: string, now: bigint): bigint;
}

export class SinkUnavailable extends Error {
  override name = 'SinkUnavailable';
}

export class SinkRefused extends Error {
  override name = 'SinkRefused';
}
