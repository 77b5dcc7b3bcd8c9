// The private pipeline's span processor: a queue bounded in bytes with one request in flight.
//
// A span is encoded as it ends. One that must not be lost is written to the spool before the app goes on;
// it waits in memory too, or in its file only while memory is full. Any other waits in memory only. A span
// then is in flight, then gone: taken by the collector, refused for good, or pushed out because
// there was no room (good attempts first; counted). A request that failed for now goes back to the front
// and is tried again after a pause; one that is refused for good is halved until it is known which span
// of it is refused.
import { type Context, context, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { guarded, sayOnce } from '../core/guard.ts';
import { ATTR_FAULTLINE_DROPPED_SPANS, SPAN_START_GRAPH } from '../semconv/attributes.ts';
import { bodyOf, takeBatch, type Waiting } from './batch.ts';
import { encodeSpan, headOf, requestOf } from './encode.ts';
import { addressOf, type Endpoint, endpointFromEnvironment, likelyFix } from './environment.ts';
import { Line } from './line.ts';
import { Memory } from './memory.ts';
import { Pace } from './pace.ts';
import { Slab } from './slab.ts';
import type { Spool } from './spool/spool.ts';
import { SendError, send, sendSync } from './transport.ts';

/** Bounds and times of {@link SpanQueue}. */
export interface QueueOptions {
  readonly endpoint?: Endpoint | undefined;
  /** How long a span may wait for others, in milliseconds. @default 200 */
  readonly delayMs?: number | undefined;
  /** The most bytes that wait in memory, those in flight included. @default 16 MiB */
  readonly maxBytes?: number | undefined;
  /** Pause after a failed request, in milliseconds; it doubles up to 30 s. @default 1000 */
  readonly retryMs?: number | undefined;
  /** Where spans outlive the process. @default nowhere */
  readonly spool?: Spool | undefined;
  /** Whether a span must not be lost: it is spooled. @default none */
  readonly mustKeep?: ((span: ReadableSpan) => boolean) | undefined;
}

const MAX_LAST_SPANS = 512;
/** About what a span in memory takes besides its bytes. */
const OBJECT_BYTES = 256;
const REFILL_BYTES = 1024 * 1024;
const ADOPT_EVERY_MS = 30_000;

/** Queues ended spans and sends them to one endpoint. */
export class SpanQueue implements SpanProcessor {
  readonly #endpoint: Endpoint;
  readonly #delayMs: number;
  readonly #spool: Spool | undefined;
  readonly #mustKeep: (span: ReadableSpan) => boolean;
  readonly #memory: Memory;
  readonly #pace: Pace;
  readonly #keptRoom = new Slab();
  readonly #otherRoom = new Slab();
  #inFlight: Waiting[] = [];
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #adopting: NodeJS.Timeout | undefined;
  #adopted = false;
  #quietUntil = 0;
  #dropped = 0;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#endpoint = options.endpoint ?? endpointFromEnvironment();
    this.#delayMs = options.delayMs ?? 200;
    this.#pace = new Pace(options.retryMs ?? 1000);
    this.#spool = options.spool;
    this.#mustKeep = options.mustKeep ?? (() => false);
    this.#memory = new Memory(options.maxBytes ?? 16 * 1024 * 1024);
    if (!this.#spool) return;
    this.#adopting = setInterval(() => this.adopt(), ADOPT_EVERY_MS).unref();
    setImmediate(() => this.adopt()).unref();
  }

  /** How many spans were pushed out or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many spans in memory the collector has not yet confirmed. */
  get pending(): number {
    return this.#memory.count + this.#inFlight.length;
  }

  /** Whether anything waits, in memory or in files. */
  get waiting(): boolean {
    return this.pending > 0 || (this.#spool?.hasUnread ?? false);
  }

  /** Takes over what dead processes of the service left, and sends it with the next batches. */
  adopt(): void {
    if (this.#closed || !this.#spool) return;
    this.#adopted = true;
    this.#spool.adopt();
    if (this.#spool.hasUnread) this.#schedule(this.#delayMs);
  }

  onStart(span: Span, _parent: Context): void {
    if (this.#dropped > 0) span.setAttribute(ATTR_FAULTLINE_DROPPED_SPANS, this.#dropped);
  }

  onEnd(span: ReadableSpan): void {
    if (this.#closed) return;
    guarded(() => this.#add(span), undefined);
    if (isUrgent(span)) this.hurry();
    this.#schedule(this.#delayMs);
  }

  /**
   * Sends what waits as soon as the event loop turns, unless something was sent a moment ago or the
   * collector is out of reach: then it goes with the next batch.
   */
  hurry(): void {
    if (this.#pace.pauseMs > 0 || this.#sending || performance.now() < this.#quietUntil) return;
    this.#quietUntil = performance.now() + this.#delayMs;
    setImmediate(() => this.#run(false)).unref();
  }

  /**
   * Sends everything that waits and keeps the process alive meanwhile.
   * @throws {Error} if the collector cannot be reached or refuses; the spans stay queued if a later
   *   try may help
   */
  async forceFlush(): Promise<void> {
    if (!this.#adopted) this.adopt();
    let refused: unknown;
    while (this.waiting) {
      try {
        // Another flush may be sending; there is one request at a time.
        await (this.#sending?.catch(() => {}) ?? this.#sendNext(true));
      } catch (error) {
        if (this.#pace.pauseMs > 0) throw error;
        // A span that is refused for good holds back none of the others.
        refused = error;
      }
    }
    if (refused) throw refused;
  }

  async shutdown(): Promise<void> {
    try {
      await this.forceFlush();
    } finally {
      this.#close();
    }
  }

  /**
   * Sends what memory holds unconfirmed from a child process, and waits; for the end of the process.
   * Spans in flight are sent again: the collector counts a span once. Does nothing while the collector
   * is known to be out of reach. What the spool has and the collector has not stays there.
   */
  flushSync(timeoutMs: number): void {
    if (this.#closed) return;
    if (this.#pace.pauseMs === 0) {
      const deadline = performance.now() + timeoutMs;
      const left = new Line([...this.#inFlight, ...this.#memory.takeAll()]);
      while (left.length > 0) {
        const batch = takeBatch(left, MAX_LAST_SPANS);
        const restMs = Math.floor(deadline - performance.now());
        if (restMs <= 0 || !sendSync(this.#endpoint, bodyOf(batch), restMs)) break;
        for (const item of batch) this.#forgetFile(item);
      }
    }
    this.#close();
  }

  #add(ended: ReadableSpan): void {
    const head = headOf(ended);
    const kept = this.#mustKeep(ended);
    const span = encodeSpan(ended, kept ? this.#keptRoom : this.#otherRoom);
    const bytes = OBJECT_BYTES + span.byteLength;
    this.#drop(this.#memory.makeRoom(bytes));
    const fits = this.#memory.fits(bytes);
    const segment =
      kept && this.#spool ? this.#spool.write(requestOf(head, [span]), fits) : undefined;
    if (fits) this.#memory.add({ head, span, bytes, kept, segment });
    else if (!segment) this.#drop(1);
  }

  /** Reads back what lies in files only, when memory has nothing more urgent. */
  #refill(): void {
    if (this.#memory.count > 0) return;
    for (let bytes = 0; bytes < REFILL_BYTES; ) {
      const next = this.#spool?.readNext();
      if (!next) return;
      for (const payload of next.payloads) {
        bytes += payload.byteLength;
        this.#memory.add({ payload, bytes: payload.byteLength, kept: true, segment: next.segment });
      }
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#sending || this.#closed) return;
    this.#timer = setTimeout(() => this.#run(false), Math.max(delayMs, this.#pace.pauseMs));
    this.#timer.unref();
  }

  #run(hold: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending || this.#closed || !this.waiting) return;
    this.#sendNext(hold).catch(() => {});
  }

  #sendNext(hold: boolean): Promise<void> {
    this.#refill();
    const batch = this.#memory.take(this.#pace.spans);
    if (batch.length === 0) return Promise.resolve();
    this.#inFlight = batch;
    this.#sending = this.#deliver(batch, hold).finally(() => {
      this.#inFlight = [];
      this.#sending = undefined;
      if (this.waiting) this.#schedule(this.#pace.pauseMs);
    });
    return this.#sending;
  }

  async #deliver(batch: Waiting[], hold: boolean): Promise<void> {
    try {
      const refused = await context.with(suppressTracing(context.active()), () =>
        send(this.#endpoint, bodyOf(batch), hold),
      );
      this.#pace.taken();
      this.#gone(batch);
      if (refused > 0) this.#drop(refused);
    } catch (error) {
      this.#refused(batch, error);
      throw new Error(`${addressOf(this.#endpoint)} took no spans: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  #refused(batch: Waiting[], error: unknown): void {
    const refusal = error instanceof SendError ? error : undefined;
    if (refusal?.retryable || batch.length > 1) this.#memory.putBack(batch);
    else {
      this.#gone(batch);
      this.#drop(batch.length);
    }
    if (refusal?.retryable) this.#pace.failed(refusal.retryAfterMs);
    else this.#pace.refused(batch.length);
    const { message } = error as Error;
    const fix = likelyFix(this.#endpoint, message) || 'Is `faultline start` running there?';
    sayOnce(
      'collector',
      `the collector at ${addressOf(this.#endpoint)} took no failures (${message}); ` +
        `the agent goes on, and nothing more is said about this. ${fix}`,
    );
  }

  /** The collector has them, or never will. */
  #gone(batch: readonly Waiting[]): void {
    for (const item of batch) {
      this.#memory.release(item.bytes);
      this.#forgetFile(item);
    }
  }

  #forgetFile(item: Waiting): void {
    if (item.segment) this.#spool?.acknowledge(item.segment);
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    sayOnce(
      'dropped',
      'had to drop spans, because too many failed at once or the collector refuses them; how many is ' +
        `counted by the attribute ${ATTR_FAULTLINE_DROPPED_SPANS} of the spans that follow`,
    );
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#adopting);
    this.#spool?.close();
  }
}

/** A run that starts may hang, and a failure may be the last thing that the process does. */
function isUrgent(span: ReadableSpan): boolean {
  return span.status.code === SpanStatusCode.ERROR || span.name.startsWith(SPAN_START_GRAPH);
}
