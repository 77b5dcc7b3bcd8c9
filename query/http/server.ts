// The history over HTTP.
import type { RequestListener, Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import {
  createJsonSchemaTransform,
  type FastifyPluginCallbackZod,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { given } from '../base/given.ts';
import * as schemas from '../base/schemas.ts';
import type { History } from '../history.ts';
import { mcpRoutes } from '../mcp/http.ts';
import { type Access, requireAccess } from './access.ts';
import { adviceRoutes } from './advice-routes.ts';
import { alertsRoutes } from './alerts-routes.ts';
import { type Answers, shareAnswers } from './answers.ts';
import { cascadeRoutes } from './cascade-routes.ts';
import { casesRoutes } from './cases-routes.ts';
import { tagAnswers } from './etag.ts';
import { groupsRoutes } from './groups-routes.ts';
import { limitRate } from './limits.ts';
import { nodesRoutes } from './nodes-routes.ts';
import { keepPagesOut } from './origin.ts';
import { pageRoutes } from './page-routes.ts';
import { problem, toProblem } from './problem.ts';
import { similarRoutes } from './similar-routes.ts';
import { timelineRoutes } from './timeline-routes.ts';

export interface QueryServiceOptions {
  history: History;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Tells whether the store answers, for `/readyz`. */
  ready: () => Promise<boolean>;
  /** Version of this package, which MCP clients are told. @default '0' */
  version?: string;
  /** Adds what watches the service, before it listens. @default nothing does */
  watch?: (app: FastifyInstance) => void;
  /** Who may do what. @default everyone everything */
  access?: Access;
  /** Requests a second that each asker may send, on average over 10 s; 0 = no bound. @default 0 */
  rateLimit?: number;
  /** Milliseconds that an answer may be old while many ask; 0 = always worked out anew. @default 0 */
  maxAge?: number;
  /** Makes the server under the routes: TLS, limits. @default plain HTTP */
  createServer?: (handler: RequestListener) => Server;
  logger: FastifyBaseLogger;
}

export interface QueryService {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Milliseconds that the store has to answer in to be called ready. */
const ANSWER_MS = 2_000;
const RETRY_AFTER_SECONDS = '2';

/**
 * Starts the query service.
 *
 * @throws the listen error (`EADDRINUSE`, `EACCES`) when the address cannot be taken
 */
export async function startQueryService(options: QueryServiceOptions): Promise<QueryService> {
  const { host, port, logger, access, createServer } = options;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    ...(createServer && { serverFactory: createServer }),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    const document = toProblem(error);
    if (document.status >= 500)
      request.log.error({ err: error, url: request.url.slice(0, 500) }, 'request failed');
    return reply
      .code(document.status)
      .type('application/problem+json')
      .send(JSON.stringify(document));
  });
  const isOpen = access === undefined || access.read(undefined) === 'granted';
  app.addHook('onRequest', keepPagesOut(isOpen));
  if (access) app.addHook('onRequest', requireAccess(access));
  app.addHook('onSend', tagAnswers);
  await limitRate(app as unknown as FastifyInstance, options.rateLimit ?? 0, isOpen);
  const answers = shareAnswers(app as unknown as FastifyInstance, options.maxAge ?? 0);
  const history = forgettingOnChange(options.history, answers);
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: 'about:blank',
          title: 'Not found',
          status: 404,
          detail: `there is no ${request.method} ${request.url.slice(0, 200)}; see /api/v1/openapi.json`,
        }),
      ),
  );
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Faultline query service', version: '1' },
    },
    transform: createJsonSchemaTransform({ skipList: ['/healthz', '/readyz', '/metrics'] }),
  });
  await app.register(routes(history), { prefix: '/api/v1' });
  await app.register(cascadeRoutes(history), { prefix: '/api/v1' });
  await app.register(similarRoutes(history), { prefix: '/api/v1' });
  await app.register(groupsRoutes(history), { prefix: '/api/v1' });
  await app.register(adviceRoutes(history), { prefix: '/api/v1' });
  await app.register(alertsRoutes(history), { prefix: '/api/v1' });
  await app.register(casesRoutes(history), { prefix: '/api/v1' });
  await app.register(nodesRoutes(history), { prefix: '/api/v1' });
  await app.register(timelineRoutes(history), { prefix: '/api/v1' });
  await app.register(mcpRoutes, { history, access, version: options.version ?? '0' });
  await app.register(pageRoutes);
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  app.get('/healthz', { ...open, schema: { hide: true } }, () => ({ status: 'ok' }));
  app.get('/readyz', { ...open, schema: { hide: true } }, async (_request, reply) => {
    const clickhouse = await checkOf(options.ready);
    const checks = { clickhouse };
    if (clickhouse.ok) return { status: 'ready', checks };
    const reason = `ClickHouse: ${clickhouse.reason}`;
    return reply
      .code(503)
      .header('retry-after', RETRY_AFTER_SECONDS)
      .send({ status: 'not ready', reason, checks });
  });
  options.watch?.(app as unknown as FastifyInstance);
  await app.listen({ host, port });
  const { port: bound } = app.server.address() as { port: number };
  const scheme = app.server instanceof TlsServer ? 'https' : 'http';
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () => app.close(),
  };
}

/** The history, after whose changes no earlier answer is given. */
function forgettingOnChange(history: History, answers: Answers): History {
  return {
    ...history,
    recordEvolution: (input) => history.recordEvolution(input).finally(answers.forget),
    changeGroup: (fingerprint, change) =>
      history.changeGroup(fingerprint, change).finally(answers.forget),
  };
}

/** Whether the store answers in time, and what is wrong when it does not. */
async function checkOf(ready: QueryServiceOptions['ready']) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`no answer within ${ANSWER_MS} ms`);
    timer = setTimeout(() => reject(error), ANSWER_MS);
  });
  try {
    const ok = await Promise.race([ready(), late]);
    return { ok, required: true, ...(!ok && { reason: 'not the answer that was expected' }) };
  } catch (error) {
    return { ok: false, required: true, reason: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}

const open = { config: { access: 'open' } } as const;
const errors = { '4xx': problem, '5xx': problem };

function routes(history: History): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    const id = z.object({ id: z.string().max(512) });

    app.get(
      '/failures',
      {
        schema: {
          summary: 'Failures, newest first',
          querystring: schemas.failuresQuery,
          response: { 200: schemas.pageOf(schemas.failure), ...errors },
        },
      },
      (request) => history.recentFailures(given(request.query)),
    );
    app.get(
      '/failures/:id',
      {
        schema: {
          summary: 'One failure with its graph snapshot and the evolution that came of it',
          params: id,
          response: { 200: schemas.failureDetail, ...errors },
        },
      },
      (request) => history.failure(request.params.id),
    );
    app.get(
      '/agents',
      {
        schema: {
          summary: 'All agents that were ever seen',
          querystring: schemas.agentsQuery,
          response: { 200: schemas.pageOf(schemas.agent), ...errors },
        },
      },
      (request) => history.agents(given(request.query)),
    );
    app.get(
      '/agents/:id/brief',
      {
        schema: {
          summary: 'What to read before an agent is evolved',
          params: id,
          querystring: schemas.briefQuery,
          response: { 200: schemas.brief, ...errors },
        },
      },
      (request) => history.brief(request.params.id, given(request.query)),
    );
    app.get(
      '/evolutions',
      {
        schema: {
          summary: 'Evolutions, newest first',
          querystring: schemas.evolutionsQuery,
          response: { 200: schemas.pageOf(schemas.listedEvolution), ...errors },
        },
      },
      (request) => history.evolutions(given(request.query)),
    );
    app.get(
      '/evolutions/:id',
      {
        schema: {
          summary: 'One evolution',
          params: id,
          response: { 200: schemas.evolution, ...errors },
        },
      },
      (request) => history.evolution(request.params.id),
    );
    app.get(
      '/evolutions/:id/effects',
      {
        schema: {
          summary: 'What an evolution did to the groups that it targets or touched',
          params: id,
          response: { 200: schemas.evolutionEffects, ...errors },
        },
      },
      (request) => history.effects(request.params.id),
    );
    app.post(
      '/evolutions',
      {
        config: { access: 'administer' },
        schema: {
          summary: "Remember a change of an agent's graph",
          body: schemas.evolutionInput,
          response: { 201: schemas.evolution, ...errors },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await history.recordEvolution(given(request.body))),
    );
    app.get(
      '/graphs/diff',
      {
        schema: {
          summary: 'What is different between two graph snapshots, and in what fails on them',
          querystring: schemas.graphDiffQuery,
          response: { 200: schemas.graphDiff, ...errors },
        },
      },
      ({ query }) => history.diffGraphs(query.from, query.to),
    );
    app.get(
      '/graphs/:id',
      {
        schema: {
          summary: 'One graph snapshot by its address',
          params: id,
          response: { 200: schemas.graphSnapshot, ...errors },
        },
      },
      (request) => history.graph(request.params.id),
    );
    app.post(
      '/sql',
      {
        schema: {
          summary: 'Read-only SQL over the tables and views',
          body: schemas.sqlInput,
          response: { 200: schemas.sqlResult, ...errors },
        },
      },
      (request) => history.sql(request.body.sql, request.body.params),
    );
    done();
  };
}
