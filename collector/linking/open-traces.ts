/** A trace with rows that may still be linked. */
interface OpenTrace {
  /** Milliseconds since 1970. */
  openedAt: number;
  /** When to look next without new rows; Infinity when resting. */
  nextLook: number;
  /** Milliseconds until the look after that. */
  pause: number;
  /** It may have failures although none of its spans says so. */
  isWhole: boolean;
}

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;

/**
 * The traces that may still be linked, and when to look at each. States of a trace: changed (rows of it
 * were accepted and not looked at yet); waiting (looked at again after a growing pause); resting
 * (only new rows bring it back). `open` and `markChanged` move to changed, a look moves to waiting or resting or
 * takes the trace out, and what has waited for `openMs` rests. Beyond the bound the oldest goes.
 */
export class OpenTraces {
  private readonly most: number;
  private readonly openMs: number;
  private readonly traces = new Map<string, OpenTrace>();
  private changed = new Set<string>();
  private droppedCount = 0;

  /**
   * @param most traces
   * @param openMs how long to look at a trace without new rows, in milliseconds
   */
  constructor(most: number, openMs: number) {
    this.most = most;
    this.openMs = openMs;
  }

  get size(): number {
    return this.traces.size;
  }

  /** Traces that had to go although something in them may not be linked. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Whether there are traces whose rows were not looked at. */
  get hasChanged(): boolean {
    return this.changed.size > 0;
  }

  /** Traces whose rows were not looked at. */
  get changedCount(): number {
    return this.changed.size;
  }

  /** @param isWhole whether it may have failures although none of its spans says so */
  open(traceId: string, now: number, isWhole = true): void {
    this.changed.add(traceId);
    const wasWhole = this.traces.get(traceId)?.isWhole ?? false;
    // Opened again: as the youngest, with short pauses.
    this.traces.delete(traceId);
    this.traces.set(traceId, {
      openedAt: now,
      nextLook: now,
      pause: FIRST_PAUSE_MS,
      isWhole: isWhole || wasWhole,
    });
    if (this.traces.size <= this.most) return;
    this.drop(this.traces.keys().next().value!);
  }

  /** Takes a trace out although something in it may not be linked. */
  drop(traceId: string): void {
    if (!this.traces.delete(traceId)) return;
    this.changed.delete(traceId);
    this.droppedCount++;
  }

  isWhole(traceId: string): boolean {
    return this.traces.get(traceId)?.isWhole ?? true;
  }

  /** New rows of a trace were accepted; says nothing to those that are not open. */
  markChanged(traceId: string): void {
    if (this.traces.has(traceId)) this.changed.add(traceId);
  }

  /** Takes the traces that changed, and with `due` those whose pause has ended. */
  take(due?: { now: number; most: number }): string[] {
    const taken = this.changed;
    this.changed = new Set();
    if (due !== undefined) {
      for (const [traceId, { nextLook }] of this.traces) {
        if (taken.size >= due.most) break;
        if (nextLook <= due.now) taken.add(traceId);
      }
    }
    return [...taken];
  }

  /** Milliseconds since 1970 of the next look that is due by itself; Infinity without. */
  nextLook(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextLook } of this.traces.values()) next = Math.min(next, nextLook);
    return next;
  }

  /** Something in the trace is not linked yet: look again later, for as long as it is open. */
  wait(traceId: string, now: number): void {
    const trace = this.traces.get(traceId);
    if (trace === undefined) return;
    const isOver = now - trace.openedAt >= this.openMs;
    trace.nextLook = isOver ? Number.POSITIVE_INFINITY : now + trace.pause;
    trace.pause = Math.min(trace.pause * 2, LAST_PAUSE_MS);
  }

  rest(traceId: string): void {
    const trace = this.traces.get(traceId);
    if (trace !== undefined) trace.nextLook = Number.POSITIVE_INFINITY;
  }

  /** Nothing is left to link. */
  close(traceId: string): void {
    if (!this.changed.has(traceId)) this.traces.delete(traceId);
  }
}
