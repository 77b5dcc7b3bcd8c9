// OTLP over HTTP. Knows the protocol: content types, encodings, limits, status codes; what the spans
// mean is decided in traces.ts.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { BodyNotDecodable, BodyTooLarge, codecOf, decompress } from './body.ts';
import {
  CONTENT_TYPES,
  type Encoding,
  exportResponse,
  RPC_INTERNAL,
  RPC_INVALID_ARGUMENT,
  RPC_NOT_FOUND,
  RPC_RESOURCE_EXHAUSTED,
  RPC_UNAVAILABLE,
  RPC_UNIMPLEMENTED,
  rpcStatus,
} from './otlp/response.ts';
import { DecodeError } from './otlp/span.ts';
import { SinkUnavailable } from './sink.ts';
import type { TraceService } from './traces.ts';

const TRACES_PATH = '/v1/traces';
/** Longer, and OTel's exporters drop the batch: they give up after 10 s in all. */
const RETRY_AFTER_SECONDS = '1';

export interface ReceiverOptions {
  traces: TraceService;
  /** Says why the collector cannot take spans now, or undefined when it can. */
  notReady: () => Promise<string | undefined>;
  /** Bytes of a body before and after decompression. */
  maxBodyBytes: number;
  logger: Logger;
}

/** An answer that is not success. */
class HttpError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The HTTP server, not yet listening. */
export function buildReceiver(options: ReceiverOptions): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: options.maxBodyBytes, exposeHeadRoutes: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const known = toHttpError(error as Error, options.maxBodyBytes);
    if (known.status === 500) options.logger.error({ err: error }, 'a request failed');
    sendStatus(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const what = `nothing is at ${request.method} ${request.url.slice(0, 200)}`;
    sendStatus(request, reply, new HttpError(404, RPC_NOT_FOUND, what));
  });
  addTraces(app, options);
  addHealth(app, options);
  return app;
}

function addTraces(app: FastifyInstance, { traces, maxBodyBytes }: ReceiverOptions): void {
  app.post(TRACES_PATH, { onRequest: checkHeaders }, async (request, reply) => {
    const encoding = encodingOf(request)!;
    const codec = codecOf(request.headers['content-encoding'])!;
    const raw = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
    const body = await decompress(raw, codec, maxBodyBytes);
    const { rejectedSpans, message } = await traces.accept(body, encoding);
    reply.header('content-type', CONTENT_TYPES[encoding]);
    return reply.send(exportResponse(encoding, rejectedSpans, message));
  });
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'],
    url: TRACES_PATH,
    handler: (request, reply) => {
      reply.header('allow', 'POST');
      const what = `${request.method} is not allowed here: POST traces to ${TRACES_PATH}`;
      sendStatus(request, reply, new HttpError(405, RPC_UNIMPLEMENTED, what));
    },
  });
}

/** Refuses before the body is read. */
async function checkHeaders(request: FastifyRequest): Promise<void> {
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
    const message = `content encoding: expected gzip, deflate or none, got ${contentEncoding}`;
    throw new HttpError(415, RPC_INVALID_ARGUMENT, message);
  }
}

function addHealth(app: FastifyInstance, { notReady }: ReceiverOptions): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const reason = await notReady();
    if (reason === undefined) return { status: 'ready' };
    return reply
      .code(503)
      .header('retry-after', RETRY_AFTER_SECONDS)
      .send({ status: 'not ready', reason });
  });
}

function encodingOf(request: FastifyRequest): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === CONTENT_TYPES.protobuf || type === 'application/protobuf') return 'protobuf';
  return type === CONTENT_TYPES.json ? 'json' : undefined;
}

function toHttpError(error: Error & { statusCode?: number }, maxBodyBytes: number): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof DecodeError || error instanceof BodyNotDecodable) {
    return new HttpError(400, RPC_INVALID_ARGUMENT, error.message);
  }
  if (error instanceof BodyTooLarge) {
    return new HttpError(413, RPC_RESOURCE_EXHAUSTED, error.message);
  }
  if (error.statusCode === 413) {
    const message = `the body has more than ${maxBodyBytes} bytes`;
    return new HttpError(413, RPC_RESOURCE_EXHAUSTED, message);
  }
  if (error instanceof SinkUnavailable) {
    return new HttpError(503, RPC_UNAVAILABLE, 'rows cannot be stored now, try again');
  }
  const status = error.statusCode ?? 500;
  if (status >= 500)
    return new HttpError(status, RPC_INTERNAL, 'the collector failed on this request');
  return new HttpError(status, RPC_INVALID_ARGUMENT, error.message);
}

/** Answers with google.rpc.Status in the request's encoding; in JSON when it has none that is known. */
function sendStatus(request: FastifyRequest, reply: FastifyReply, error: HttpError): void {
  const encoding = encodingOf(request) ?? 'json';
  if (error.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply
    .code(error.status)
    .header('content-type', CONTENT_TYPES[encoding])
    .send(rpcStatus(encoding, error.code, error.message));
}
