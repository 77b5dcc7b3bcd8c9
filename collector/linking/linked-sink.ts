// Tells the linker of rows that were accepted, on their way to the queue.
import type { Rows } from '../rows.ts';
import { type Intake, openIntake, type Sink } from '../sink.ts';
import { type Linker, TouchedTraces } from './linker.ts';

export class LinkedSink implements Sink {
  private readonly inner: Sink;
  private readonly linker: Linker;

  constructor(inner: Sink, linker: Linker) {
    this.inner = inner;
    this.linker = linker;
  }

  accept(rows: Rows): Promise<void> {
    const intake = this.open();
    intake.add(rows);
    return intake.commit();
  }

  open(): Intake {
    const inner = openIntake(this.inner);
    const traces = new TouchedTraces();
    return {
      add: (rows) => {
        inner.add(rows);
        traces.add(rows);
      },
      commit: async () => {
        await inner.commit();
        this.linker.note(traces);
      },
    };
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }
}
