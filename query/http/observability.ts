// Watches the query service, which knows nothing of it.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Counter, Histogram, Registry } from 'prom-client';
import { measure } from '../../collector/serving/measure.ts';
import { addMetricsRoute } from '../../collector/serving/metrics-route.ts';
import { RefusedLogins } from '../../collector/serving/refused-logins.ts';
import type { AccessCheck } from '../../collector/serving/tokens.ts';
import { type Tracing, traceHttp } from '../../collector/serving/tracing.ts';
import { addAlertMetrics, type WatchedAlerts } from '../alerts/metrics.ts';

export interface QueryObserverOptions {
  /** Who may read the metrics; where it asks for no token, callers on this machine. */
  access: AccessCheck;
  /** @default there are none */
  alerts?: WatchedAlerts | undefined;
  tracing?: Tracing | undefined;
  logger: Logger;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Adds metrics of the service's requests, `/metrics` and, where wanted, spans to its server. */
export function watchQueryService(
  app: FastifyInstance,
  { access, alerts, tracing, logger }: QueryObserverOptions,
): void {
  const registry = new Registry();
  const registers = [registry];
  const refused = new RefusedLogins(logger);
  const requests = new Counter({
    name: 'faultline_query_requests_total',
    help: 'Requests answered by the query service, by method, route and HTTP status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'faultline_query_request_duration_seconds',
    help: 'Time to answer a request of the query service, by route.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const shared = new Counter({
    name: 'faultline_query_shared_answers_total',
    help: 'Answers of the query service that were given to several who asked the same under load, by route.',
    labelNames: ['route'],
    registers,
  });
  measure(registry, {
    type: 'counter',
    name: 'faultline_query_refused_logins_total',
    help: 'Requests to the query service without a valid token where one is needed.',
    read: () => refused.total,
  });
  addAlertMetrics(registry, alerts ?? { stats: () => new Map(), isActive: () => false });
  if (tracing) traceHttp(app, tracing);
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply;
    if (statusCode === 401) refused.note('query', request.ip);
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ method, route, status: String(statusCode) });
    if (reply.hasHeader('age')) shared.inc({ route });
    duration.observe({ route }, elapsedTime / 1000);
    done();
  });
  app.addHook('onClose', async () => refused.close());
  addMetricsRoute(app, registry, access);
}
