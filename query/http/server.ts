// The history over HTTP.
import type { RequestListener, Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { hostInUrl } from '../../collector/serving/addresses.ts';
import { noCompilers } from '../../collector/serving/compilers.ts';
import { RepeatedLine } from '../../collector/serving/repeated-line.ts';
import { MAX_NAME } from '../base/fields.ts';
import { oneLine } from '../base/text.ts';
import type { History } from '../history.ts';
import { mcpRoutes } from '../mcp/http.ts';
import { type Access, requireAccess } from './access.ts';
import { shareAnswers } from './answers.ts';
import { tagAnswers } from './etag.ts';
import { limitRate } from './limits.ts';
import { keepPagesOut } from './origin.ts';
import { pageRoutes } from './page-routes.ts';
import { toProblem } from './problem.ts';
import { noticingChanges, questionRoutes } from './routes.ts';

export interface QueryServiceOptions {
  history: History;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Path that a proxy passes on before all others, as in `/faultline`; without it too, all is reached. @default '' */
  basePath?: string;
  /** Tells whether the store answers, for `/readyz`. */
  ready: () => Promise<boolean>;
  /** Version of this package, sent to MCP clients. @default '0' */
  version?: string;
  /** Adds what watches the service, before it listens. @default nothing does */
  watch?: (app: FastifyInstance) => void;
  /** Who may do what. @default everyone everything */
  access?: Access;
  /** Requests a second that each asker may send, on average over 10 s; 0 = no bound. @default 0 */
  rateLimit?: number;
  /** Milliseconds that an answer may be old while many ask; 0 = always computed again. @default 0 */
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

/** Where the questions are. */
const QUESTIONS = '/api/v1';
/** Milliseconds that the store has to answer in to be called ready. */
const ANSWER_MS = 2_000;
const RETRY_AFTER_SECONDS = '2';
/** Characters of a text in the log. */
const MOST_LOGGED = 500;

/**
 * Starts the query service.
 *
 * @throws the listen error (`EADDRINUSE`, `EACCES`) when the address cannot be taken
 */
export async function startQueryService(options: QueryServiceOptions): Promise<QueryService> {
  const { host, port, logger, access, createServer, basePath = '' } = options;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
    schemaController: noCompilers,
    // Each byte of a name may be written as three characters.
    routerOptions: { maxParamLength: 3 * MAX_NAME },
    rewriteUrl: ({ url = '/' }) => withoutBase(url, basePath),
    ...(createServer && { serverFactory: createServer }),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const unanswered = new RepeatedLine<{ reason: string; url: string }>((requests, last) =>
    logger.warn({ requests, ...last }, 'questions cannot be answered now'),
  );
  app.addHook('onClose', async () => unanswered.close());
  app.setErrorHandler((error: Error, request, reply) => {
    const document = toProblem(error);
    const url = request.url.slice(0, MOST_LOGGED);
    const isGone = reply.raw.destroyed;
    if (document.status === 503 && !isGone) unanswered.note({ reason: reasonOf(error), url });
    if (document.status === 500 && !isGone)
      request.log.error({ err: error, url }, 'request failed');
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
  const history = noticingChanges(options.history, answers.forget);
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
  await app.register(questionRoutes(history), { prefix: QUESTIONS });
  await app.register(mcpRoutes, { history, access, version: options.version ?? '0' });
  await app.register(pageRoutes);
  if (basePath !== '') {
    app.get(basePath, open, (_request, reply) => reply.redirect(`${basePath}/`, 308));
  }
  app.get(`${QUESTIONS}/openapi.json`, async () =>
    (await import('./openapi.ts')).describeRoutes(history, QUESTIONS),
  );
  app.get('/healthz', open, () => ({ status: 'ok' }));
  app.get('/readyz', open, async (_request, reply) => {
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
    url: `${scheme}://${hostInUrl(host)}:${bound}`,
    port: bound,
    close: () => app.close(),
  };
}

/** Why a question was not answered, with what ClickHouse says. */
function reasonOf({ message, cause }: Error): string {
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return oneLine(reason).slice(0, MOST_LOGGED);
}

/** An address as the routes have it. */
const withoutBase = (url: string, basePath: string): string =>
  basePath !== '' && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;

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
