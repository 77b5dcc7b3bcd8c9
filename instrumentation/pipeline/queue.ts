// The private pipeline's span processor: a bounded queue in memory with one request in flight.
//
// A span waits in the queue, then is in flight, then is gone: taken by the collector, refused for
// good, or pushed out because the queue was full (oldest first, counted). A request that failed for
// now goes back to the front of the queue and is tried again after a pause.
import { type Context, context, SpanStatusCode } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { guarded, sayOnce } from '../guard.ts';
import { SPAN_START_GRAPH } from '../semconv/attributes.ts';
import { type Endpoint, endpointFromEnvironment } from './environment.ts';
import { SendError, send, sendSync } from './transport.ts';

/** Bounds and times of {@link SpanQueue}. */
export interface QueueOptions {
  readonly endpoint?: Endpoint | undefined;
  /** How long a span may wait for others, in milliseconds. @default 200 */
  readonly delayMs?: number | undefined;
  /** The most spans that wait. @default 8192 */
  readonly maxSpans?: number | undefined;
  /** About the most bytes of text that wait. @default 32 MiB */
  readonly maxBytes?: number | undefined;
  /** Pause after a failed request, in milliseconds; it doubles up to 30 s. @default 1000 */
  readonly retryMs?: number | undefined;
}

interface Waiting {
  readonly span: ReadableSpan;
  readonly bytes: number;
}

const MAX_BATCH_SPANS = 512;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const MAX_PAUSE_MS = 30_000;

/** Queues ended spans and sends them to one endpoint. */
export class SpanQueue implements SpanProcessor {
  readonly #endpoint: Endpoint;
  readonly #delayMs: number;
  readonly #maxSpans: number;
  readonly #maxBytes: number;
  readonly #retryMs: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #inFlight: Waiting[] = [];
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = 0;
  #quietUntil = 0;
  #dropped = 0;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#endpoint = options.endpoint ?? endpointFromEnvironment();
    this.#delayMs = options.delayMs ?? 200;
    this.#maxSpans = options.maxSpans ?? 8192;
    this.#maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
    this.#retryMs = options.retryMs ?? 1000;
  }

  /** How many spans were pushed out or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many spans the collector has not yet confirmed. */
  get pending(): number {
    return this.#waiting.length + this.#inFlight.length;
  }

  onStart(_span: Span, _parent: Context): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#closed) return;
    const bytes = guarded(() => sizeOf(span), 1024);
    this.#waiting.push({ span, bytes });
    this.#waitingBytes += bytes;
    this.#makeRoom();
    if (isUrgent(span)) this.hurry();
    this.#schedule(this.#delayMs);
  }

  /**
   * Sends what waits as soon as the event loop turns, unless something was sent a moment ago or the
   * collector is out of reach: then it goes with the next batch.
   */
  hurry(): void {
    if (this.#pauseMs > 0 || this.#sending || performance.now() < this.#quietUntil) return;
    this.#quietUntil = performance.now() + this.#delayMs;
    setImmediate(() => this.#run(false)).unref();
  }

  /**
   * Sends everything that waits and keeps the process alive meanwhile.
   * @throws {Error} if the collector cannot be reached or refuses; the spans stay queued if a later
   *   try may help
   */
  async forceFlush(): Promise<void> {
    await this.#sending?.catch(() => {});
    while (this.#waiting.length > 0) await this.#sendNext(true);
  }

  async shutdown(): Promise<void> {
    try {
      await this.forceFlush();
    } finally {
      this.#closed = true;
      clearTimeout(this.#timer);
    }
  }

  /**
   * Sends what is not confirmed from a child process, and waits; for the end of the process. Spans in
   * flight are sent again: the collector counts a span once. Does nothing while the collector is
   * known to be out of reach.
   */
  flushSync(timeoutMs: number): void {
    const left = [...this.#inFlight, ...this.#waiting];
    if (left.length === 0 || this.#pauseMs > 0 || this.#closed) return;
    this.#waiting = left;
    while (this.#waiting.length > 0) {
      const body = serialize(takeBatch(this.#waiting));
      if (!sendSync(this.#endpoint, body, timeoutMs)) break;
    }
    this.#closed = true;
  }

  #makeRoom(): void {
    while (this.#waiting.length > this.#maxSpans || this.#waitingBytes > this.#maxBytes) {
      const oldest = this.#waiting.shift();
      if (!oldest) return;
      this.#waitingBytes -= oldest.bytes;
      this.#dropped += 1;
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#sending || this.#closed) return;
    this.#timer = setTimeout(() => this.#run(false), Math.max(delayMs, this.#pauseMs));
    this.#timer.unref();
  }

  #run(hold: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sendNext(hold).catch(() => {});
  }

  #sendNext(hold: boolean): Promise<void> {
    const batch = takeBatch(this.#waiting);
    for (const item of batch) this.#waitingBytes -= item.bytes;
    this.#inFlight = batch;
    this.#sending = this.#deliver(batch, hold).finally(() => {
      this.#inFlight = [];
      this.#sending = undefined;
      if (this.#waiting.length > 0) this.#schedule(Math.max(this.#pauseMs, 0));
    });
    return this.#sending;
  }

  async #deliver(batch: Waiting[], hold: boolean): Promise<void> {
    try {
      await context.with(suppressTracing(context.active()), () =>
        send(this.#endpoint, serialize(batch), hold),
      );
      this.#pauseMs = 0;
    } catch (error) {
      this.#refused(batch, error);
      throw new Error(`${describe(this.#endpoint)} took no spans: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  #refused(batch: Waiting[], error: unknown): void {
    const retryable = error instanceof SendError && error.retryable;
    if (retryable) {
      this.#waiting.unshift(...batch);
      for (const item of batch) this.#waitingBytes += item.bytes;
      this.#makeRoom();
      this.#pauseMs = Math.min(this.#pauseMs * 2 || this.#retryMs, MAX_PAUSE_MS);
    } else {
      this.#dropped += batch.length;
    }
    sayOnce(
      'collector',
      `the collector at ${describe(this.#endpoint)} took no failures (${(error as Error).message}); ` +
        'the agent goes on, and nothing more is said about this. Is `faultline start` running there?',
    );
  }
}

/** A run that starts may hang, and a failure may be the last thing that the process does. */
function isUrgent(span: ReadableSpan): boolean {
  return span.status.code === SpanStatusCode.ERROR || span.name.startsWith(SPAN_START_GRAPH);
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && count < MAX_BATCH_SPANS) {
    bytes += waiting[count]!.bytes;
    if (count > 0 && bytes > MAX_BATCH_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

function serialize(batch: readonly Waiting[]): Uint8Array {
  const body = ProtobufTraceSerializer.serializeRequest(batch.map((item) => item.span));
  if (!body) throw new SendError('the spans could not be encoded', false);
  return body;
}

/** The address without user, password and query. */
function describe(endpoint: Endpoint): string {
  const url = new URL(endpoint.url);
  return `${url.origin}${url.pathname}`;
}

function sizeOf(span: ReadableSpan): number {
  let bytes = 512;
  const add = (attributes: Record<string, unknown> | undefined) => {
    for (const value of Object.values(attributes ?? {})) {
      bytes += typeof value === 'string' ? 32 + value.length : 64;
    }
  };
  add(span.attributes);
  for (const event of span.events) add(event.attributes);
  return bytes;
}
