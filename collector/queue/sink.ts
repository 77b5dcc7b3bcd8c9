// Where the rows of a request go: the durable queue (queue/), in the tests also a list in memory.
import { appendRows, emptyRows, type Rows } from '../rows/rows.ts';

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

/** Looks at the rows of one request. */
export interface Observer {
  add(rows: Rows): void;
  /** All rows that were added are on disk. Not called when the request failed. */
  accepted(): void;
}

/** Shows each request's rows to observers on their way to another sink. */
export class ObservedSink implements Sink {
  private readonly inner: Sink;
  private readonly observe: readonly (() => Observer)[];

  /** @param observe make an observer for a request */
  constructor(inner: Sink, observe: readonly (() => Observer)[]) {
    this.inner = inner;
    this.observe = observe;
  }

  accept(rows: Rows): Promise<void> {
    const intake = this.open();
    intake.add(rows);
    return intake.commit();
  }

  open(): Intake {
    const inner = openIntake(this.inner);
    const observers = this.observe.map((observer) => observer());
    return {
      add: (rows) => {
        inner.add(rows);
        for (const observer of observers) observer.add(rows);
      },
      commit: async () => {
        await inner.commit();
        for (const observer of observers) observer.accepted();
      },
    };
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }
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
