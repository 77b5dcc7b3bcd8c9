import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTR_FAULTLINE_REPLAY, SPAN_EXECUTE_NODE } from '../semconv/attributes.ts';
import { watchCrashes } from './crash/hooks.ts';
import {
  addressOf,
  type Endpoint,
  endpointFromEnvironment,
  replayOf,
  spoolMaxBytes,
  tracesUrl,
  usualCompression,
} from './environment.ts';
import { SpanQueue } from './queue.ts';
import { spoolPlace } from './spool/place.ts';
import { Spool } from './spool/spool.ts';
import { SlimTracer } from './tracer.ts';

/** Name of the instrumentation scope of every span. */
export const SCOPE_NAME = 'faultline';

const NODE_SPAN = `${SPAN_EXECUTE_NODE} `;

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
  /** The most bytes of spans in memory. @default 16 MiB */
  readonly maxBytes?: number;
  /**
   * Folder of files that keep spans over a crash until the collector has them, or `true` for the usual
   * one, see `FAULTLINE_SPOOL_DIR`. @default false; the process's own pipeline has the usual one
   */
  readonly spool?: boolean | string;
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
 * Makes a tracer of its own: it samples everything, sends OTLP/HTTP protobuf, and belongs to no
 * provider.
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
  const endpoint = endpointOf(options);
  const resource = resourceOf(options.serviceName);
  const queue = new SpanQueue({
    endpoint,
    delayMs: options.delayMs,
    retryMs: options.retryMs,
    maxBytes: options.maxBytes,
    spool: spoolOf(options, resource, endpoint),
    mustKeep,
  });
  watchCrashes();
  const pipeline = {
    tracer: new SlimTracer({ resource, scope: { name: SCOPE_NAME } }, queue),
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
  const url = tracesUrl(options.endpoint);
  return { url, headers: { ...options.headers }, compression: usualCompression(url) };
}

function spoolOf(
  { spool }: PipelineOptions,
  resource: Resource,
  endpoint: Endpoint,
): Spool | undefined {
  // What a replay could not send is of no use to anybody later.
  if (!spool || replayOf() !== '') return undefined;
  const folder = spoolFolder(resource, endpoint, typeof spool === 'string' ? spool : undefined);
  return folder ? new Spool({ folder, maxBytes: spoolMaxBytes() }) : undefined;
}

function spoolFolder(resource: Resource, endpoint: Endpoint, base?: string): string | undefined {
  const service = String(resource.attributes['service.name'] ?? '');
  return spoolPlace(service, addressOf(endpoint), process.env, base);
}

/**
 * The folder in which the pipeline of {@link createPipeline} with `spool: true` would keep spans, if it
 * has a spool. @throws {TypeError} if the endpoint is no http(s) address
 */
export function usualSpoolFolder(serviceName: string | undefined): string | undefined {
  return spoolFolder(resourceOf(serviceName), endpointOf({}));
}

/**
 * All but good attempts: those are many, and without the last of them only a share is off by a little.
 * The first one of a graph carries it and is kept.
 */
function mustKeep(span: ReadableSpan): boolean {
  if (span.status.code === SpanStatusCode.ERROR || span.events.length > 0) return true;
  return !span.name.startsWith(NODE_SPAN);
}

function resourceOf(serviceName: string | undefined): Resource {
  const resource = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  const replay = replayOf();
  return resource.merge(
    resourceFromAttributes({
      ...(serviceName && { 'service.name': serviceName }),
      ...(replay && { [ATTR_FAULTLINE_REPLAY]: replay }),
    }),
  );
}
