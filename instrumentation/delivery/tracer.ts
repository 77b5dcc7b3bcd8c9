// The tracer of the private pipeline: every span is sampled, in the trace that is active.
import { randomFillSync } from 'node:crypto';
import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span,
  type SpanContext,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { type Origin, SlimSpan } from './span.ts';

type Work = (span: Span) => unknown;

const pool = Buffer.allocUnsafeSlow(8192);
let used = pool.length;

/** Random bytes as lower-case hexadecimal; of a pool, as asking for a few costs as much as for many. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** A tracer whose spans go to `processor`, whatever samplers and limits the environment names. */
export class SlimTracer implements Tracer {
  readonly #origin: Origin;
  readonly #processor: SpanProcessor;

  constructor(about: Omit<Origin, 'ended'>, processor: SpanProcessor) {
    this.#processor = processor;
    this.#origin = { ...about, ended: (span) => processor.onEnd(span) };
  }

  startSpan(name: string, options: SpanOptions = {}, around: Context = context.active()): Span {
    if (isTracingSuppressed(around)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const found = options.root ? undefined : trace.getSpanContext(around);
    const parent = found && isSpanContextValid(found) ? found : undefined;
    const spanContext: SpanContext = {
      traceId: parent?.traceId ?? randomHex(16),
      spanId: randomHex(8),
      traceFlags: TraceFlags.SAMPLED,
    };
    if (parent?.traceState) spanContext.traceState = parent.traceState;
    const span = new SlimSpan(this.#origin, name, spanContext, parent, options);
    this.#processor.onStart(span as never, around);
    return span;
  }

  startActiveSpan<F extends Work>(name: string, work: F): ReturnType<F>;
  startActiveSpan<F extends Work>(name: string, options: SpanOptions, work: F): ReturnType<F>;
  startActiveSpan<F extends Work>(
    name: string,
    options: SpanOptions,
    around: Context,
    work: F,
  ): ReturnType<F>;
  startActiveSpan(name: string, ...rest: readonly unknown[]): unknown {
    const work = rest.at(-1) as Work;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {};
    const around = rest.length > 2 ? (rest[1] as Context) : context.active();
    const span = this.startSpan(name, options, around);
    return context.with(trace.setSpan(around, span), () => work(span));
  }
}
