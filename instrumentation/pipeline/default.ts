// The pipeline that everything uses unless it is given a tracer; made at first use.
import { ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import { readProperty } from '../exception.ts';
import { guarded, sayOnce } from '../guard.ts';
import { flushAtEnd } from './ending.ts';
import { isDisabled } from './environment.ts';
import { createPipelineWithQueue, type Pipeline, SCOPE_NAME } from './pipeline.ts';

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
    const made = createPipelineWithQueue({ ...(serviceName && { serviceName }) });
    flushAtEnd(made.queue);
    pipeline = made.pipeline;
  } catch (error) {
    failed = true;
    sayOnce('configuration', `records nothing: ${(error as Error).message}`);
  }
  return pipeline;
}

/** The tracer of {@link defaultPipeline}; one that does nothing if there is none. Never throws. */
export function defaultTracer(): Tracer {
  const tracer = guarded(() => defaultPipeline()?.tracer, undefined);
  return tracer ?? new ProxyTracerProvider().getTracer(SCOPE_NAME);
}

/**
 * Sends what the process's own pipeline holds; for serverless handlers and tests.
 * @throws {Error} if the collector cannot be reached or refuses
 */
export async function flush(): Promise<void> {
  await pipeline?.flush();
}

/** The service name that the app gave its own SDK in code; the environment's wins. */
function nameOfApp(): string | undefined {
  const env = process.env;
  if (env.OTEL_SERVICE_NAME || env.OTEL_RESOURCE_ATTRIBUTES?.includes('service.name=')) {
    return undefined;
  }
  const provider = trace.getTracerProvider() as { getDelegate?(): unknown };
  const delegate = guarded(() => provider.getDelegate?.() ?? provider, undefined);
  const resource = readProperty(delegate, 'resource') ?? readProperty(delegate, '_resource');
  const name = readProperty(readProperty(resource, 'attributes'), 'service.name');
  return typeof name === 'string' ? name : undefined;
}
