// Tells the linker of rows that were accepted, on their way to the queue.
import type { Rows } from '../rows.ts';
import type { Sink } from '../sink.ts';
import type { Linker } from './linker.ts';

export class LinkedSink implements Sink {
  private readonly inner: Sink;
  private readonly linker: Linker;

  constructor(inner: Sink, linker: Linker) {
    this.inner = inner;
    this.linker = linker;
  }

  async accept(rows: Rows): Promise<void> {
    await this.inner.accept(rows);
    this.linker.note(rows);
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }
}
