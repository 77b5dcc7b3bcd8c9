// Sends the process's own spans to where the OTEL_* variables say, and nowhere without them.
import { randomBytes } from 'node:crypto';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { Tracing } from '../serving/tracing.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Traces of Faultline itself; `shutdown` sends what waits. */
export interface OwnTraces extends Tracing {
  /** Sends what is left, for two seconds at most. */
  shutdown(): Promise<void>;
}

/** On every request of the process's own exporter; its value is new with every start. */
const OWN_HEADER = 'x-faultline-own-spans';
const SHUTDOWN_MS = 2_000;
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'];

/**
 * Starts to trace the process when `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or
 * `OTEL_TRACES_EXPORTER=otlp` asks for it. Honours `OTEL_SDK_DISABLED`, `OTEL_TRACES_SAMPLER` and its
 * argument, `OTEL_BSP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, and what the exporter reads:
 * headers, timeout, compression, certificates.
 *
 * @returns undefined when nothing asks for it
 */
export async function startOwnTraces(options: {
  version: string;
  logger: Logger;
  env?: Environment;
}): Promise<OwnTraces | undefined> {
  const { version, logger, env = process.env } = options;
  if (!isWanted(env)) return undefined;
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    logger.warn(
      { protocol },
      'no spans of our own: set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf',
    );
    return undefined;
  }
  const { BatchSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  const marker = randomBytes(16).toString('hex');
  const provider = new TracerProvider({
    resource: await resourceOf(version),
    sampler: await samplerOf(env, logger),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: await exporterOf(marker, logger), ...batchingOf(env) }),
    ],
  });
  let said = false;
  return {
    tracer: provider.getTracer('faultline', version),
    isOwn: (headers) => {
      if (headers[OWN_HEADER] !== marker) return false;
      if (!said) {
        logger.warn('the OTEL_* variables send our own spans to ourselves; they are not traced');
      }
      said = true;
      return true;
    },
    shutdown: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, SHUTDOWN_MS);
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

function isWanted(env: Environment): boolean {
  if (/^true$/i.test(env.OTEL_SDK_DISABLED?.trim() ?? '')) return false;
  const exporters = env.OTEL_TRACES_EXPORTER?.split(',').map((name) => name.trim());
  if (exporters?.some((name) => name !== '')) return exporters.includes('otlp');
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

async function resourceOf(version: string) {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import(
    '@opentelemetry/resources'
  );
  const ours = resourceFromAttributes({ 'service.name': 'faultline', 'service.version': version });
  return defaultResource()
    .merge(ours)
    .merge(detectResources({ detectors: [envDetector] }));
}

/** The exporter, saying once when it fails and once when it works again. */
async function exporterOf(marker: string, logger: Logger): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  let failing = false;
  class SayingExporter extends OTLPTraceExporter {
    override export(...[spans, done]: Parameters<SpanExporter['export']>): void {
      super.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !failing) {
          logger.warn({ reason: result.error?.message }, 'our own spans cannot be sent');
        }
        if (!failed && failing) logger.info('our own spans can be sent again');
        failing = failed;
        done(result);
      });
    }
  }
  return new SayingExporter({ headers: { [OWN_HEADER]: marker } });
}

async function samplerOf(env: Environment, logger: Logger): Promise<Sampler> {
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } =
    await import('@opentelemetry/sdk-trace');
  const named = env.OTEL_TRACES_SAMPLER?.trim() || 'parentbased_always_on';
  const [, parentBased, kind = ''] = /^(parentbased_)?(.*)$/.exec(named)!;
  if (!SAMPLERS.includes(kind)) {
    logger.warn({ sampler: named }, 'OTEL_TRACES_SAMPLER is not known: all is sampled');
  }
  const ratio = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  let root: Sampler = new AlwaysOnSampler();
  if (kind === 'always_off') root = new AlwaysOffSampler();
  if (kind === 'traceidratio')
    root = new TraceIdRatioBasedSampler(Number.isFinite(ratio) ? ratio : 1);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

function batchingOf(env: Environment): Record<string, number> {
  const set = {
    scheduledDelayMillis: env.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: env.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize: env.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
  };
  return Object.fromEntries(
    Object.entries(set)
      .map(([option, value]): [string, number] => [option, Number(value || Number.NaN)])
      .filter(([, value]) => Number.isInteger(value) && value > 0),
  );
}
