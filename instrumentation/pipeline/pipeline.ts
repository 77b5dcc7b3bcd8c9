import type { Tracer } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Endpoint, endpointFromEnvironment, tracesUrl } from './environment.ts';
import { SpanQueue } from './queue.ts';

/** Name of the instrumentation scope of every span. */
export const SCOPE_NAME = 'faultline';

/** Options of {@link createPipeline}. */
export interface PipelineOptions {
  /**
   * Base address of the collector; `/v1/traces` is added.
   * @default what the environment names, see {@link endpointFromEnvironment}
   */
  readonly endpoint?: string;
  /** Request headers, such as `authorization`. @default OTEL_EXPORTER_OTLP_HEADERS, without an endpoint */
  readonly headers?: Readonly<Record<string, string>>;
  /** `service.name`. @default OTEL_SERVICE_NAME, else OTEL_RESOURCE_ATTRIBUTES, else the SDK's own */
  readonly serviceName?: string;
  /** How long a span may wait for others, in milliseconds. @default 200 */
  readonly delayMs?: number;
  /** Pause after a failed request, in milliseconds; it doubles up to 30 s. @default 1000 */
  readonly retryMs?: number;
}

/** A way to the collector that no sampler of the app can close. */
export interface Pipeline {
  readonly tracer: Tracer;
  /**
   * Resolves when the collector has taken every ended span.
   * @throws {Error} if it cannot be reached or refuses
   */
  flush(): Promise<void>;
  /** Flushes and takes no more spans. @throws {Error} as {@link flush} */
  shutdown(): Promise<void>;
  /** Sends soon instead of after the delay. */
  hurry(): void;
}

/**
 * Makes a tracer provider of its own: it samples everything, sends OTLP/HTTP protobuf, and is never
 * registered as the global one.
 * @throws {TypeError} if the endpoint is no http(s) address
 */
export function createPipeline(options: PipelineOptions = {}): Pipeline {
  return createPipelineWithQueue(options).pipeline;
}

/** {@link createPipeline} with its queue, for flushing at the end of the process. */
export function createPipelineWithQueue(options: PipelineOptions): {
  pipeline: Pipeline;
  queue: SpanQueue;
} {
  const queue = new SpanQueue({
    endpoint: endpointOf(options),
    delayMs: options.delayMs,
    retryMs: options.retryMs,
  });
  const provider = new TracerProvider({
    resource: resourceOf(options.serviceName),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [queue],
  });
  const pipeline = {
    tracer: provider.getTracer(SCOPE_NAME),
    flush: () => queue.forceFlush(),
    shutdown: () => queue.shutdown(),
    hurry: () => queue.hurry(),
  };
  return { pipeline, queue };
}

function endpointOf(options: PipelineOptions): Endpoint {
  if (options.endpoint === undefined) {
    const endpoint = endpointFromEnvironment();
    return { ...endpoint, headers: { ...endpoint.headers, ...options.headers } };
  }
  return { url: tracesUrl(options.endpoint), headers: { ...options.headers } };
}

function resourceOf(serviceName: string | undefined): Resource {
  const resource = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  if (!serviceName) return resource;
  return resource.merge(resourceFromAttributes({ 'service.name': serviceName }));
}
