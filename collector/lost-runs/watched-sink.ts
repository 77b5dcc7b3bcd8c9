// Tells the watch over lost runs of rows that were accepted, on their way to the queue.
import type { Rows } from '../rows.ts';
import { type Intake, openIntake, type Sink } from '../sink.ts';
import { type LostRunWatch, runsOf } from './watch.ts';

export class WatchedSink implements Sink {
  private readonly inner: Sink;
  private readonly watch: LostRunWatch;

  constructor(inner: Sink, watch: LostRunWatch) {
    this.inner = inner;
    this.watch = watch;
  }

  accept(rows: Rows): Promise<void> {
    const intake = this.open();
    intake.add(rows);
    return intake.commit();
  }

  open(): Intake {
    const inner = openIntake(this.inner);
    const runs = new Set<string>();
    return {
      add: (rows) => {
        inner.add(rows);
        if (!this.watch.hasLost) return;
        for (const run of runsOf(rows)) runs.add(run);
      },
      commit: async () => {
        await inner.commit();
        this.watch.note(runs);
      },
    };
  }

  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    return this.inner.receivedAt?.(traceId, spanId, now) ?? now;
  }
}
