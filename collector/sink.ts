// Where the rows of a request go: the durable queue (queue/), in the tests also a list in memory.
import { appendRows, emptyRows, type Rows } from './rows.ts';

/** The rows of one request on their way in. They are handed over as they are made, so that few live. */
export interface Intake {
  /** Never throws; what is wrong with a row is said by `commit`. */
  add(rows: Rows): void;
  /**
   * Resolves only when all rows are synced to disk; before it nothing is stored.
   * @throws SinkUnavailable when they could not be stored now; the sender should try again
   * @throws SinkRefused when the store will never take them
   */
  commit(): Promise<void>;
}

export interface Sink {
  /**
   * Resolves only when all rows are synced to disk.
   * @throws SinkUnavailable when they could not be stored now; the sender should try again
   * @throws SinkRefused when the store will never take them
   */
  accept(rows: Rows): Promise<void>;

  /** @default rows are gathered and accepted together */
  open?(): Intake;

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

/** Begins a request. */
export function openIntake(sink: Sink): Intake {
  if (sink.open) return sink.open();
  const all = emptyRows();
  return { add: (rows) => appendRows(all, rows), commit: () => sink.accept(all) };
}
