// Where the rows of a request go: the durable queue.
import type { Rows } from '../rows/rows.ts';

/** The rows of one request on their way in. They are handed over as they are made, so that few live. */
export interface Intake {
  /** Never throws; what is wrong with a row is said by `commit`. */
  add(rows: Rows): void;
  /**
   * Resolves only when all rows are synced to disk. Of a large request that fails some may be stored, and are
   * the same rows when it is sent again.
   * @throws SinkUnavailable when they could not be stored now; the sender should try again
   * @throws SinkRefused when the store will never take them
   */
  commit(): Promise<void>;
}

export interface Sink {
  /** Begins a request. */
  open(): Intake;

  /**
   * The time that stands for a span which has none: what was given when the span came first, so that
   * its rows are the same rows when it is sent again.
   * @param now Unix time in nanoseconds
   */
  receivedAt(traceId: string, spanId: string, now: bigint): bigint;
}

/** Stores rows that are all at hand. @throws as {@link Intake.commit} does */
export function accept(sink: Sink, rows: Rows): Promise<void> {
  const intake = sink.open();
  intake.add(rows);
  return intake.commit();
}

/** Looks at the rows of one request. */
export interface Observer {
  add(rows: Rows): void;
  /** All rows that were added are on disk. Not called when the request failed. */
  accepted(): void;
}

/** Shows each request's rows to observers on their way to another sink. @param observe make one for a request */
export function observed(inner: Sink, observe: readonly (() => Observer)[]): Sink {
  return {
    open() {
      const intake = inner.open();
      const observers = observe.map((observer) => observer());
      return {
        add: (rows) => {
          intake.add(rows);
          for (const observer of observers) observer.add(rows);
        },
        commit: async () => {
          await intake.commit();
          for (const observer of observers) observer.accepted();
        },
      };
    },
    receivedAt: (traceId, spanId, now) => inner.receivedAt(traceId, spanId, now),
  };
}

export class SinkUnavailable extends Error {
  override name = 'SinkUnavailable';
}

export class SinkRefused extends Error {
  override name = 'SinkRefused';
}
