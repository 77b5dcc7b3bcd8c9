// The app's own tracing, set up for it if its environment asks for OTLP and nobody else sets it up.
//
// Nothing is registered until the first graph runs: by then an app with an SDK of its own has
// registered it, and that one is joined. If the app registers one later still, ours steps aside, so
// that the app's registration never fails as a duplicate.
import { createRequire } from 'node:module';
import { context, diag, propagation, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { flushAtEnd } from '../delivery/ending.ts';
import { endpointFromEnvironment } from '../delivery/environment.ts';
import { SpanQueue } from '../delivery/queue.ts';
import { type Environment, isOff, variable } from '../semconv/variables.ts';
import { guarded, sayOnce } from './guard.ts';

let prepared: NodeSDK | undefined;
let started: NodeSDK | undefined;
let mayActivate = false;

/**
 * Whether the environment asks for tracing of the app itself: an OTLP endpoint or a traces exporter is
 * named, and `FAULTLINE_APP_TRACING` does not say `false`.
 */
export function wantsAppTracing(env: Environment = process.env): boolean {
  if (isOff(variable('FAULTLINE_APP_TRACING', env))) return false;
  if (env.OTEL_TRACES_EXPORTER === 'none') return false;
  return [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'OTEL_TRACES_EXPORTER',
  ].some((name) => !!env[name]);
}

/**
 * Loads the SDK, which takes a while, so that the first graph need not wait for it. It is there only if the
 * app has installed it: not by `import`, so that the module that calls this can be loaded by `require` too.
 */
export function prepareAppTracing(): void {
  if (prepared || !wantsAppTracing() || hasProvider()) return;
  const sdk = loadSdk();
  if (!sdk) return;
  const { NodeSDK } = sdk;
  const queue = speaksOurProtocol() ? appQueue() : undefined;
  prepared = new NodeSDK({
    // Only tracing is set up; metrics and logs of the app are no business of ours.
    metricReaders: [],
    logRecordProcessors: [],
    ...(queue && { spanProcessors: [queue] }),
  });
  mayActivate = /^(?:|(?:parentbased_)?always_on)$/.test(process.env.OTEL_TRACES_SAMPLER ?? '');
}

function loadSdk(): typeof import('@opentelemetry/sdk-node') | undefined {
  const name = '@opentelemetry/sdk-node';
  try {
    return createRequire((import.meta.url as string | undefined) ?? `${process.cwd()}/`)(name);
  } catch (error) {
    const line = `the app's own spans are not sent, because ${name} is not installed; failures are`;
    if (variable('FAULTLINE_APP_TRACING')) sayOnce('app tracing', line);
    else diag.info(`faultline: ${line}`, error);
    return undefined;
  }
}

/** Registers the prepared SDK if no provider is there yet. Called when a graph runs. */
export function startAppTracing(): void {
  if (!prepared) return;
  const sdk = prepared;
  prepared = undefined;
  if (hasProvider()) return;
  guarded(() => {
    sdk.start();
    started = sdk;
    yieldToTheApp();
  }, undefined);
}

/** Whether anyone has registered a tracer provider. */
export function hasProvider(): boolean {
  const provider = trace.getTracerProvider() as { getDelegate?(): object };
  const delegate = provider.getDelegate?.();
  return delegate === undefined || delegate.constructor.name !== 'NoopTracerProvider';
}

/**
 * Runs `work` with `span` active, so that the app's spans become its children, where that cannot turn
 * sampling on: only under the SDK that this module started, which samples everything.
 */
export function withActiveSpan<T>(span: Span, work: () => T): T {
  if (!started || !mayActivate) return work();
  const active = context.active();
  const around = trace.getSpanContext(active);
  if (around && (around.traceFlags & TraceFlags.SAMPLED) === 0) return work();
  return context.with(trace.setSpan(active, span), work);
}

function yieldToTheApp(): void {
  const registrars = [
    [trace, 'setGlobalTracerProvider'],
    [context, 'setGlobalContextManager'],
    [propagation, 'setGlobalPropagator'],
  ] as const;
  const restore: (() => void)[] = [];
  for (const [api, method] of registrars) {
    const original = Reflect.get(api, method) as (...args: unknown[]) => boolean;
    Reflect.set(api, method, function (this: unknown, ...args: unknown[]): boolean {
      for (const undo of restore) undo();
      stepAside();
      return original.apply(api, args);
    });
    restore.push(() => Reflect.deleteProperty(api, method));
  }
}

function stepAside(): void {
  const sdk = started;
  started = undefined;
  trace.disable();
  context.disable();
  propagation.disable();
  void sdk?.shutdown().catch(() => {});
}

function speaksOurProtocol(): boolean {
  const protocol =
    process.env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || process.env.OTEL_EXPORTER_OTLP_PROTOCOL;
  const exporter = process.env.OTEL_TRACES_EXPORTER || 'otlp';
  return exporter === 'otlp' && (!protocol || protocol === 'http/protobuf');
}

/** Takes what the app's sampler chose, as every span processor must. */
class SampledOnly extends SpanQueue {
  override onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) super.onEnd(span);
  }
}

function appQueue(): SpanQueue {
  const { FAULTLINE_OTLP_ENDPOINT: _ours, ...env } = process.env;
  const queue = new SampledOnly({ endpoint: endpointFromEnvironment(env), delayMs: 1000 });
  flushAtEnd(queue);
  return queue;
}
