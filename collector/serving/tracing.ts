// The collector's and the query service's own spans. Made only when somebody wants them.
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** How a process traces itself. */
export interface Tracing {
  tracer: Tracer;
  /** Whether a request with these headers carries the process's own spans. */
  isOwn(headers: Record<string, unknown>): boolean;
}

/** What became of the spans or log records of a request. */
export interface RequestCounts {
  received: number;
  kept: number;
  rejected: number;
}

const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

const propagator = new W3CTraceContextPropagator();
const current = new AsyncLocalStorage<Span>();

/** Runs `next` so that {@link reportCounts} in it belongs to the span. */
export function within(span: Span | undefined, next: () => void): void {
  if (span === undefined) next();
  else current.run(span, next);
}

/** Writes what became of a request's items into its span, when there is one. */
export function reportCounts(signal: string, { received, kept, rejected }: RequestCounts): void {
  current.getStore()?.setAttributes({
    'faultline.signal': signal,
    'faultline.items.received': received,
    'faultline.items.kept': kept,
    'faultline.items.rejected': rejected,
  });
}

/** Starts the span of a request; undefined when it carries the process's own spans. */
export function startServerSpan(
  { tracer, isOwn }: Tracing,
  name: string,
  headers: Record<string, unknown>,
  attributes: Attributes,
): Span | undefined {
  if (isOwn(headers)) return undefined;
  const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  return tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
}

/** Adds a span for each request that a route takes, except for health and metrics. */
export function traceHttp(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, routeOptions, headers, protocol } = request;
    const route = routeOptions.url;
    if (route === undefined || UNTRACED.has(route)) return done();
    const size = Number(headers['content-length']);
    const span = startServerSpan(tracing, `${method} ${route}`, headers, {
      'http.request.method': method,
      'http.route': route,
      'url.scheme': protocol,
      ...(Number.isInteger(size) && { 'http.request.body.size': size }),
    });
    if (span) spans.set(request, span);
    within(span, done);
  });
  app.addHook('onResponse', (request, { statusCode }, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', statusCode);
    endSpan(span, statusCode >= 500 ? String(statusCode) : undefined);
    done();
  });
}

/**
 * Ends a span.
 * @param error its kind, when it failed
 */
export function endSpan(span: Span | undefined, error?: string): void {
  if (error !== undefined) {
    span?.setAttribute('error.type', error);
    span?.setStatus({ code: SpanStatusCode.ERROR });
  }
  span?.end();
}

/** Adds the span of something that ended just now. */
export function addPastSpan(
  { tracer }: Tracing,
  name: string,
  seconds: number,
  attributes: Attributes,
  error?: Error,
): void {
  const startTime = Date.now() - seconds * 1000;
  const kind = 'db.system.name' in attributes ? SpanKind.CLIENT : SpanKind.INTERNAL;
  const span = tracer.startSpan(name, { kind, startTime, attributes, root: true }, ROOT_CONTEXT);
  endSpan(span, error && ((error as NodeJS.ErrnoException).code ?? error.name));
}
