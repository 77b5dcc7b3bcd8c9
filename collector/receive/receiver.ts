// OTLP over HTTP. Knows the protocol: content types, encodings, limits, status codes; what the bodies
// mean is decided by the services of the signals.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import {
  badRequest,
  CONTENT_TYPES,
  type Encoding,
  exportResponse,
  RPC_INTERNAL,
  RPC_INVALID_ARGUMENT,
  RPC_NOT_FOUND,
  RPC_PERMISSION_DENIED,
  RPC_RESOURCE_EXHAUSTED,
  RPC_UNAUTHENTICATED,
  RPC_UNAVAILABLE,
  RPC_UNIMPLEMENTED,
  rpcStatus,
  type StatusDetail,
} from '../decode/response.ts';
import { DecodeError } from '../decode/span.ts';
import { SinkUnavailable } from '../queue/sink.ts';
import { noCompilers } from '../serving/compilers.ts';
import {
  type ConnectionLimits,
  createHttpServer,
  type TlsOptions,
} from '../serving/http-server.ts';
import { originProblem } from '../serving/origin.ts';
import { type AccessCheck, type IngestAccess, ingestAccess } from '../serving/tokens.ts';
import type { Check } from '../telemetry/health.ts';
import {
  BodyNotDecodable,
  BodyTooLarge,
  CONTENT_ENCODINGS,
  codecOf,
  decompress,
  readBody,
} from './body.ts';
import { BodyBudget, OverBudget } from './body-budget.ts';
import type { SignalService } from './signal-service.ts';

const METRICS_PATH = '/v1/metrics';
/** Longer, and OTel's exporters drop the batch: they give up after 10 s in all. */
const RETRY_AFTER_SECONDS = '1';

export interface ReceiverOptions {
  /** What takes the requests, a route for each. */
  signals: readonly SignalService[];
  /** Says why the collector cannot take anything now, or undefined when it can. */
  notReady: () => Promise<string | undefined>;
  /** What `/readyz` answers besides. @default nothing */
  checks?: (() => Promise<Record<string, Check>>) | undefined;
  /** Bytes of a body before and after decompression. */
  maxBodyBytes: number;
  /** Who may send, and who may change. @default everyone */
  access?: IngestAccess;
  /** Bodies in memory, shared by all doors. @default four of the largest */
  budget?: BodyBudget;
  tls?: TlsOptions | undefined;
  limits?: ConnectionLimits | undefined;
  logger: Logger;
}

/** An answer that is not success. */
class HttpError extends Error {
  readonly status: number;
  readonly code: number;
  readonly details: StatusDetail[];

  constructor(status: number, code: number, message: string, details: StatusDetail[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** The HTTP server, not yet listening. */
export function buildReceiver(options: ReceiverOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: options.maxBodyBytes,
    exposeHeadRoutes: false,
    schemaController: noCompilers,
    serverFactory: (handler) => createHttpServer(handler, options.tls, options.limits),
    clientErrorHandler: refuseUnreadable,
  });
  app.removeAllContentTypeParsers();
  // The handler reads the body itself, when there is room for it.
  app.addContentTypeParser('*', (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const known = toHttpError(error as Error, options.maxBodyBytes);
    if (known.status === 500) options.logger.error({ err: error }, 'a request failed');
    sendStatus(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const what = request.url.startsWith(METRICS_PATH)
      ? 'metrics are not taken here: send traces and logs only'
      : `nothing is at ${request.method} ${request.url.slice(0, 200)}`;
    sendStatus(request, reply, new HttpError(404, RPC_NOT_FOUND, what));
  });
  const budget = options.budget ?? new BodyBudget(4 * options.maxBodyBytes);
  for (const service of options.signals) addSignal(app, service, budget, options);
  addHealth(app, options);
  return app;
}

function addSignal(
  app: FastifyInstance,
  service: SignalService,
  budget: BodyBudget,
  { access = ingestAccess([]), maxBodyBytes, tls }: ReceiverOptions,
): void {
  const { signal } = service;
  // No page can know a token or show a certificate, so that only open doors have to keep them out.
  const isOpen = access.send(undefined) === 'granted' && tls?.ca === undefined;
  const onRequest = [checkOrigin(isOpen), checkAccess(access.send), checkHeaders(maxBodyBytes)];
  app.post(signal.path, { onRequest }, async (request, reply) => {
    const encoding = encodingOf(request)!;
    const codec = codecOf(request.headers['content-encoding'])!;
    const lease = budget.lease(declaredBytes(request));
    try {
      const stream = request.body as IncomingMessage | undefined;
      const raw = stream ? await readBody(stream, maxBodyBytes, lease) : Buffer.alloc(0);
      const body = await decompress(raw, codec, maxBodyBytes);
      if (body !== raw) lease.growTo(raw.length + body.length);
      const mayChange = access.change(request.headers.authorization) === 'granted';
      const { rejected, message } = await service.accept(body, encoding, mayChange);
      reply.header('content-type', CONTENT_TYPES[encoding]);
      return reply.send(exportResponse(encoding, signal, rejected, message));
    } finally {
      lease.release();
    }
  });
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'],
    url: signal.path,
    handler: (request, reply) => {
      reply.header('allow', 'POST');
      const what = `${request.method} is not allowed here: POST ${signal.name} to ${signal.path}`;
      sendStatus(request, reply, new HttpError(405, RPC_UNIMPLEMENTED, what));
    },
  });
}

/** Refuses web pages, and names that they rebound to this machine. */
function checkOrigin(isOpen: boolean) {
  return async ({ headers }: FastifyRequest): Promise<void> => {
    const problem = isOpen ? originProblem(headers, true) : undefined;
    if (problem !== undefined) throw new HttpError(403, RPC_PERMISSION_DENIED, problem);
  };
}

/** Refuses, before anything else is looked at, those who may not send. */
function checkAccess(access: AccessCheck) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (access(request.headers.authorization) === 'granted') return;
    reply.header('www-authenticate', 'Bearer realm="faultline"');
    throw new HttpError(401, RPC_UNAUTHENTICATED, 'an ingest token is needed as bearer');
  };
}

/** Refuses before the body is read. */
function checkHeaders(maxBodyBytes: number) {
  return async (request: FastifyRequest): Promise<void> => {
    checkTypes(request);
    if (declaredBytes(request) <= maxBodyBytes) return;
    throw new BodyTooLarge(`the body has more than ${maxBodyBytes} bytes`);
  };
}

function checkTypes(request: FastifyRequest): void {
  if (encodingOf(request) === undefined) {
    const got = request.headers['content-type'] ?? 'none';
    const expected = Object.values(CONTENT_TYPES).join(' or ');
    throw new HttpError(
      415,
      RPC_INVALID_ARGUMENT,
      `content type: expected ${expected}, got ${got}`,
    );
  }
  const contentEncoding = request.headers['content-encoding'];
  if (codecOf(contentEncoding) === undefined) {
    const expected = `${CONTENT_ENCODINGS.join(', ')} or none`;
    const message = `content encoding: expected ${expected}, got ${contentEncoding}`;
    throw new HttpError(415, RPC_INVALID_ARGUMENT, message);
  }
}

/** Bytes of the body as its header has them; 0 when they are not declared. */
function declaredBytes(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

function addHealth(app: FastifyInstance, { notReady, checks }: ReceiverOptions): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const reason = await notReady();
    const besides = { checks: await checks?.() };
    if (reason === undefined) return { status: 'ready', ...besides };
    return reply
      .code(503)
      .header('retry-after', RETRY_AFTER_SECONDS)
      .send({ status: 'not ready', reason, ...besides });
  });
}

function encodingOf(request: FastifyRequest): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === CONTENT_TYPES.protobuf || type === 'application/protobuf') return 'protobuf';
  return type === CONTENT_TYPES.json ? 'json' : undefined;
}

function toHttpError(error: Error & { statusCode?: number }, maxBodyBytes: number): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof DecodeError) return badData(error.field, error.message);
  if (error instanceof BodyNotDecodable) return badData('', error.message);
  if (error instanceof BodyTooLarge) {
    return new HttpError(413, RPC_RESOURCE_EXHAUSTED, error.message);
  }
  if (error.statusCode === 413) {
    const message = `the body has more than ${maxBodyBytes} bytes`;
    return new HttpError(413, RPC_RESOURCE_EXHAUSTED, message);
  }
  if (error instanceof OverBudget) return new HttpError(503, RPC_UNAVAILABLE, error.message);
  if (error instanceof SinkUnavailable) {
    return new HttpError(503, RPC_UNAVAILABLE, 'rows cannot be stored now, try again');
  }
  const status = error.statusCode ?? 500;
  if (status >= 500)
    return new HttpError(status, RPC_INTERNAL, 'the collector failed on this request');
  return new HttpError(status, RPC_INVALID_ARGUMENT, error.message);
}

function badData(field: string, message: string): HttpError {
  return new HttpError(400, RPC_INVALID_ARGUMENT, message, [badRequest(field, message)]);
}

/** Answers what never became a request, in JSON: nobody knows what the sender would have read. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const [line, message] = UNREADABLE[error.code ?? ''] ?? UNREADABLE_AT_ALL;
    const body = rpcStatus('json', RPC_INVALID_ARGUMENT, message);
    const headers = `content-type: ${CONTENT_TYPES.json}\r\ncontent-length: ${body.length}`;
    socket.write(`HTTP/1.1 ${line}\r\n${headers}\r\nconnection: close\r\n\r\n${body}`);
  }
  socket.destroy(error);
}

const UNREADABLE_AT_ALL = ['400 Bad Request', 'this is not HTTP/1.1'] as const;
const UNREADABLE: Readonly<Record<string, readonly [line: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
};

/** Answers with google.rpc.Status in the request's encoding; in JSON when it has none that is known. */
function sendStatus(request: FastifyRequest, reply: FastifyReply, error: HttpError): void {
  const encoding = encodingOf(request) ?? 'json';
  // What is not going to be read is not waited for either.
  if (error.status === 413) reply.header('connection', 'close');
  if (error.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply
    .code(error.status)
    .header('content-type', CONTENT_TYPES[encoding])
    .send(rpcStatus(encoding, error.code, error.message, error.details));
}
