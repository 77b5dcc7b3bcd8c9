// `/metrics`, as both servers have it.
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { guard } from './guard.ts';
import type { AccessCheck } from './tokens.ts';

/** Adds `/metrics` in Prometheus's text format. */
export function addMetricsRoute(
  app: FastifyInstance,
  registry: Registry,
  access: AccessCheck,
): void {
  const options = { onRequest: guard('metrics', access) };
  app.get('/metrics', options, async (_request, reply) => {
    reply.header('content-type', registry.contentType);
    return reply.send(await registry.metrics());
  });
}
