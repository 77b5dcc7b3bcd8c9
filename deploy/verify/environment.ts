// The environment of a replay: its spans are marked, and go to the receiver of this one replay.
import { randomUUID } from 'node:crypto';
import { ATTR_FAULTLINE_REPLAY } from '../../instrumentation/semconv/index.ts';
import type { ReplayedInput } from '../../query/verify/replay.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of the way to the real collector: neither address nor tokens are for the receiver. */
const ROUTES =
  /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|LOGS)_)?(?:ENDPOINT|HEADERS|CERTIFICATE|CLIENT_KEY|CLIENT_CERTIFICATE|COMPRESSION|INSECURE)$/;

/** What a replay's process finds in its environment. */
export function replayEnvironment(
  env: Environment,
  { case: failed }: ReplayedInput,
  { url, grpcUrl }: { url: string; grpcUrl: string },
): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !ROUTES.test(name)) as [string, string][];
  const id = randomUUID();
  const mark = `${ATTR_FAULTLINE_REPLAY}=${id}`;
  const resource = env.OTEL_RESOURCE_ATTRIBUTES;
  const isTraced = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => env[name],
  );
  const isGrpc = env.OTEL_EXPORTER_OTLP_PROTOCOL === 'grpc';
  return {
    ...Object.fromEntries(kept),
    FAULTLINE_REPLAY: id,
    ...(failed && {
      FAULTLINE_REPLAY_NODE: failed.node,
      FAULTLINE_REPLAY_FINGERPRINT: failed.fingerprint,
    }),
    FAULTLINE_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_ENDPOINT: isGrpc ? grpcUrl : url,
    ...(isGrpc ? { OTEL_EXPORTER_OTLP_INSECURE: 'true' } : {}),
    OTEL_EXPORTER_OTLP_PROTOCOL: env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf',
    OTEL_RESOURCE_ATTRIBUTES: resource ? `${resource},${mark}` : mark,
    OTEL_TRACES_SAMPLER: 'always_on',
    // An app that is not traced in production is not traced here.
    ...(isTraced || env.FAULTLINE_APP_TRACING ? {} : { FAULTLINE_APP_TRACING: 'false' }),
  };
}
