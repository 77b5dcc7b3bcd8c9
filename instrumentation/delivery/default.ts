// The pipeline that everything uses unless it is given a tracer; made at first use.
import { readdirSync } from 'node:fs';
import { ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import { readProperty } from '../core/exception.ts';
import { guarded, sayOnce } from '../core/guard.ts';
import { watchCrashes } from './crash/hooks.ts';
import { flushAtEnd } from './ending.ts';
import { exportsThroughApp, isDisabled } from './environment.ts';
import {
  createPipelineWithQueue,
  type Pipeline,
  SCOPE_NAME,
  usualSpoolFolder,
} from './pipeline.ts';

let pipeline: Pipeline | undefined;
let failed = false;

/**
 * The process's own pipeline, made from the environment at first use, flushed when the process ends.
 * `undefined` if `OTEL_SDK_DISABLED` or `FAULTLINE_DISABLED` is set, or the endpoint is no address.
 */
export function defaultPipeline(): Pipeline | undefined {
  if (pipeline || failed) return pipeline;
  if (isDisabled()) return undefined;
  try {
    const serviceName = nameOfApp();
    const made = createPipelineWithQueue({ spool: true, ...(serviceName && { serviceName }) });
    flushAtEnd(made.queue);
    pipeline = made.pipeline;
  } catch (error) {
    failed = true;
    sayOnce('configuration', `records nothing: ${(error as Error).message}`);
  }
  return pipeline;
}

/**
 * The tracer of {@link defaultPipeline}; one that does nothing if there is none. With
 * `FAULTLINE_EXPORT=app` the app's own, which sends what its sampler chooses, where it sends the rest.
 * Never throws.
 */
export function defaultTracer(): Tracer {
  if (exportsThroughApp() && !isDisabled()) {
    watchCrashes();
    return trace.getTracer(SCOPE_NAME);
  }
  const tracer = guarded(() => defaultPipeline()?.tracer, undefined);
  return tracer ?? new ProxyTracerProvider().getTracer(SCOPE_NAME);
}

/**
 * Makes the pipeline if a process of this service left something in the spool; else that waits for the
 * first graph.
 */
export function sendLeftovers(): void {
  if (pipeline || failed || isDisabled() || exportsThroughApp()) return;
  const folder = guarded(() => usualSpoolFolder(nameOfApp()), undefined);
  if (folder && holdsAnything(folder)) defaultPipeline();
}

/**
 * Sends what the process's own pipeline holds; for serverless handlers and tests.
 * @throws {Error} if the collector cannot be reached or refuses
 */
export async function flush(): Promise<void> {
  await pipeline?.flush();
  if (!exportsThroughApp()) return;
  const flushApp = readProperty(appProvider(), 'forceFlush');
  if (typeof flushApp === 'function') await flushApp.call(appProvider());
}

/** The service name that the app gave its own SDK in code; the environment's wins. */
function nameOfApp(): string | undefined {
  const env = process.env;
  if (env.OTEL_SERVICE_NAME || env.OTEL_RESOURCE_ATTRIBUTES?.includes('service.name=')) {
    return undefined;
  }
  const delegate = appProvider();
  const resource = readProperty(delegate, 'resource') ?? readProperty(delegate, '_resource');
  const name = readProperty(readProperty(resource, 'attributes'), 'service.name');
  return typeof name === 'string' ? name : undefined;
}

/** What the app registered; behind the API's own proxy. */
function appProvider(): unknown {
  const provider = trace.getTracerProvider() as { getDelegate?(): unknown };
  return guarded(() => provider.getDelegate?.() ?? provider, undefined);
}

function holdsAnything(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
