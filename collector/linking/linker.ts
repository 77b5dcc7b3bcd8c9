import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { inTurns } from '../decode/turns.ts';
import type { Observer, Sink } from '../queue/sink.ts';
import { formatTime } from '../rows/time.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { type Due, linkInSteps } from './link.ts';
import { OpenTraces } from './open-traces.ts';
import { Outbox } from './outbox.ts';
import { isRefusal, isTooLarge, MAX_TRACES, MOST_CHARS_OF_FAILURES, TraceStore } from './store.ts';
import { TouchedTraces } from './touched-traces.ts';
import type { TraceRows } from './trace-rows.ts';

export interface LinkingOptions {
  /** How long to look at a trace of which nothing new comes, in milliseconds. @default 15 minutes */
  openMs?: number;
  /** How long an exception reported by a log record waits for its span. @default 30,000 ms */
  orphanAfterMs?: number;
  /** How long an agent's part whose parent did not come waits for it, since the last span. @default 10,000 ms */
  topAfterMs?: number;
  /** Most traces to keep in mind. @default 100,000 */
  maxTraces?: number;
  /** Most failures and log records of one trace, in characters as JSON; one with more is not linked. @default 32 Mi */
  maxFailureChars?: number;
}

export interface LinkerStats {
  /** Traces in which something may still be linked. */
  openTraces: number;
  /** Of these: those with rows that were not looked at yet. */
  waitingTraces: number;
  /** Traces given up for lack of room. */
  droppedTraces: number;
  /** Failures that got an exception from a log record. */
  joined: number;
  /** Operations that got their node. */
  tied: number;
  /** Failures that only a log record reports. */
  orphans: number;
  /** Reports of a failure that another row stands for. */
  consequences: number;
  /** Looks that failed. */
  failedLooks: number;
}

/** A look at all traces that have news or are due. */
export interface Round {
  traces: number;
  seconds: number;
}

/** The queue, as far as the linker needs it. */
export interface LinkedQueue {
  sink: Sink;
  drained(): Promise<void>;
  /** Milliseconds since the oldest waiting entry was accepted. */
  oldestAgeMs(): number;
}

interface LinkerParts {
  client: ClickHouse;
  queue: LinkedQueue;
  logger: Logger;
  options?: LinkingOptions | undefined;
  /** Called at the end of each round. */
  linked?: (round: Round) => void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** Traces of one round without news. */
const MAX_DUE = 5_000;
/** Rests between rounds last this many times as long as the round. */
const REST_FACTOR = 4;

/**
 * Links rows that belong together but came apart (docs/decisions/0009-linking.md). What it knows of
 * stands in ClickHouse; in memory is only which traces to look at. States: idle (nothing is open);
 * pausing (until the next look is due); in a round (waits until the queue has drained, looks at the
 * traces that have news or are due, hands new rows to the queue); closed. Accepted rows and the end
 * of a pause start a round, one at a time.
 */
export class Linker {
  private readonly queue: LinkedQueue;
  private readonly linked: (round: Round) => void;
  private readonly logger: Logger;
  private readonly store: TraceStore;
  private readonly traces: OpenTraces;
  private readonly orphanAfterMs: number;
  private readonly topAfterMs: number;
  private readonly maxTraces: number;
  private readonly closing = new AbortController();
  private readonly closed: Promise<void>;
  private restored: Promise<void> | undefined;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  private restUntil = 0;
  /** Traces that the round under way has still to look at. */
  private inRound = 0;
  private failing = false;
  private readonly counted = { joined: 0, tied: 0, orphans: 0, consequences: 0, failedLooks: 0 };

  constructor({ client, queue, logger, options = {}, linked = () => {} }: LinkerParts) {
    const { signal } = this.closing;
    this.queue = queue;
    this.linked = linked;
    this.logger = logger;
    this.store = new TraceStore(client, signal, options.maxFailureChars ?? MOST_CHARS_OF_FAILURES);
    this.orphanAfterMs = options.orphanAfterMs ?? 30_000;
    this.topAfterMs = options.topAfterMs ?? 10_000;
    this.maxTraces = options.maxTraces ?? 100_000;
    this.traces = new OpenTraces(this.maxTraces, options.openMs ?? 15 * 60_000);
    this.closed = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Opens what was left unlinked before this start. */
  start(): void {
    this.restored ??= this.restore().then(() => this.schedule());
  }

  /** Takes note of the rows of a request when they were accepted. */
  observe(): Observer {
    const traces = new TouchedTraces();
    return { add: (rows) => traces.add(rows), accepted: () => this.note(traces) };
  }

  private note({ unlinked, foreign, others }: TouchedTraces): void {
    const now = Date.now();
    for (const traceId of foreign) this.traces.open(traceId, now, false);
    for (const traceId of unlinked) this.traces.open(traceId, now);
    if (this.traces.size === 0) return;
    for (const traceId of others) this.traces.markChanged(traceId);
    if (this.traces.hasChanged) this.schedule();
  }

  /** Resolves when all that was accepted until now is linked as far as it can be, and readable. */
  async settled(): Promise<void> {
    await this.restored;
    await this.queue.drained();
    // A round under way may have begun before the last rows; the next one has not.
    await this.running;
    if (this.running || this.traces.hasChanged) await this.round();
    await this.queue.drained();
  }

  /** Ends looking; what is not linked is found again at the next start. */
  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.timer);
    await this.restored;
    await this.running;
  }

  stats(): LinkerStats {
    return {
      ...this.counted,
      openTraces: this.traces.size,
      waitingTraces: this.traces.changedCount + this.inRound,
      droppedTraces: this.traces.dropped,
    };
  }

  private async restore(): Promise<void> {
    const since = BigInt(Date.now() - this.queue.oldestAgeMs()) * 1_000_000n;
    await this.drained();
    const found = await this.untilAnswered(() =>
      this.store.unlinked(formatTime(since), this.maxTraces),
    );
    // The newest is opened last: beyond the bound the oldest goes.
    for (const traceId of found?.reverse() ?? []) this.traces.open(traceId, Date.now());
  }

  /** Sets the timer for the next round, unless it is set for as early. */
  private schedule(): void {
    if (this.running || this.closing.signal.aborted) return;
    const now = Date.now();
    const due = this.traces.hasChanged ? now : this.traces.nextLook();
    const at = Math.max(due, this.restUntil);
    if (at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => void this.round(), at - now).unref();
  }

  private round(): Promise<void> {
    clearTimeout(this.timer);
    this.timerAt = Number.POSITIVE_INFINITY;
    this.running ??= this.lookAtTraces()
      .catch((error: unknown) => this.logger.error({ err: error }, 'linking failed'))
      .finally(() => {
        this.running = undefined;
        this.inRound = 0;
        this.schedule();
      });
    return this.running;
  }

  private async lookAtTraces(): Promise<void> {
    const traces = this.traces.take({ now: Date.now(), most: MAX_DUE });
    if (traces.length === 0) return;
    this.inRound = traces.length;
    await this.drained();
    const begun = Date.now();
    for (let i = 0; i < traces.length; i += MAX_TRACES) {
      if (this.closing.signal.aborted) return;
      await this.look(traces.slice(i, i + MAX_TRACES));
      this.inRound = Math.max(0, traces.length - i - MAX_TRACES);
    }
    // ClickHouse is left to others for most of the time.
    const took = Date.now() - begun;
    this.restUntil = Date.now() + REST_FACTOR * took;
    this.linked({ traces: traces.length, seconds: took / 1000 });
  }

  private async look(traces: string[]): Promise<void> {
    let isTooMuch = false;
    const found = await this.untilAnswered(
      () => this.store.rowsOf(traces, (traceId) => this.traces.isWhole(traceId)),
      (error) => {
        isTooMuch = isTooLarge(error);
        return isTooMuch;
      },
    );
    if (isTooMuch && traces.length === 1) {
      this.traces.drop(traces[0]!);
      this.logger.warn(
        { trace_id: traces[0] },
        'a trace has too many spans to be linked: its failures stay as each span reported them',
      );
    } else if (isTooMuch) {
      const middle = traces.length >> 1;
      await this.look(traces.slice(0, middle));
      await this.look(traces.slice(middle));
    } else if (found) await this.link(found);
    else for (const traceId of traces) this.traces.wait(traceId, Date.now());
  }

  private async link(found: Map<string, TraceRows>): Promise<void> {
    const now = Date.now();
    const age = (receivedAt: string): number =>
      now - Date.parse(`${receivedAt.slice(0, 23).replace(' ', 'T')}Z`);
    const due: Due = {
      record: ({ received_at }) => age(received_at) >= this.orphanAfterMs,
      trace: (spans) => spans.every(({ received_at }) => age(received_at) >= this.topAfterMs),
    };
    const outbox = new Outbox(this.queue.sink);
    const counted = { joined: 0, tied: 0, orphans: 0, consequences: 0 };
    for (const [traceId, rows] of found) {
      const { failures, exceptions, spans } = rows;
      const isEmpty = failures.length + exceptions.length + spans.length === 0;
      const { state, ...counts } = await inTurns(
        linkInSteps(rows, due, (made) => outbox.add(traceId, made)),
        () => (outbox.isLarge ? outbox.commit() : undefined),
      );
      // What it held is not needed any more.
      found.delete(traceId);
      for (const kind of COUNTS) counted[kind] += counts[kind];
      if (state === 'waiting' || isEmpty) this.traces.wait(traceId, now);
      else if (state === 'resting') this.traces.rest(traceId);
      else if (!outbox.changed.has(traceId)) this.traces.close(traceId);
    }
    await outbox.commit();
    if (outbox.failure !== undefined) {
      this.failed(outbox.failure);
      for (const traceId of outbox.changed) this.traces.wait(traceId, Date.now());
      return;
    }
    // They are looked at once more when the rows can be read.
    for (const traceId of outbox.changed) this.traces.markChanged(traceId);
    for (const kind of COUNTS) this.counted[kind] += counted[kind];
  }

  /**
   * Asks until ClickHouse answers.
   * @param gives whether to give up because of an error
   * @returns nothing when it refuses, when it was given up, or when the linker is closed
   */
  private async untilAnswered<T>(
    ask: () => Promise<T>,
    gives: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    const { signal } = this.closing;
    let pause = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        const answer = await ask();
        if (this.failing) this.logger.info('rows can be linked again');
        this.failing = false;
        return answer;
      } catch (error) {
        if (signal.aborted || gives(error)) break;
        this.failed(error);
        if (isRefusal(error)) break;
        await wait(pause, undefined, { signal }).catch(() => {});
        pause = Math.min(pause * 2, LAST_RETRY_MS);
      }
    }
    return undefined;
  }

  private failed(error: unknown): void {
    this.counted.failedLooks++;
    if (!this.failing) {
      const reason = error instanceof Error ? error.message || error.name : String(error);
      this.logger.warn({ reason }, 'rows cannot be linked now; they are linked later');
    }
    this.failing = true;
  }

  /** The queue has drained, or the linker is closed. */
  private drained(): Promise<void> {
    return Promise.race([this.queue.drained(), this.closed]);
  }
}

const COUNTS = ['joined', 'tied', 'orphans', 'consequences'] as const;
