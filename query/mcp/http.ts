// MCP over HTTP: Streamable HTTP at /mcp, and for Hive's client plain JSON-RPC at /mcp/v1 and /health.
import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { askedBy } from '../base/asker.ts';
import { InvalidInputError } from '../base/errors.ts';
import type { History } from '../history.ts';
import type { Access } from '../http/access.ts';
import { ANSWER_FORMS, type AnswerForm, createMcpServer } from './server.ts';

export interface McpRouteOptions {
  history: History;
  version: string;
  /** Who may do what. @default everyone everything */
  access?: Access | undefined;
}

/** Streams of changes that may be open; the tools never change, so nobody gains by one. */
const MOST_SUBSCRIPTIONS = 8;

/** A Fastify plugin with the routes. Reading is what they need; tools that change, more. */
export async function mcpRoutes(
  app: FastifyInstance,
  { history, version, access }: McpRouteOptions,
): Promise<void> {
  const report = (error: unknown) => app.log.error({ err: error }, 'an MCP request failed');
  const serverFor = (url: string, authorization: string | undefined) =>
    createMcpServer({
      history,
      version,
      mayChange: access === undefined || access.administer(authorization) === 'granted',
      answers: answerForm(url),
      report,
    });

  const streamable = createMcpHandler(
    ({ requestInfo }) =>
      serverFor(requestInfo?.url ?? '', requestInfo?.headers.get('authorization') ?? undefined),
    {
      onerror: (error) => app.log.debug({ err: error }, 'MCP'),
      maxSubscriptions: MOST_SUBSCRIPTIONS,
    },
  );
  app.addHook('onClose', () => streamable.close());

  /** Neither a session nor an `initialize` comes first, and the answer is JSON whatever is accepted. */
  const answerInJson = async (request: FastifyRequest, reply: FastifyReply) => {
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = serverFor(request.url, request.headers.authorization);
    await server.connect(transport);
    reply.raw.once('close', () => server.close().catch(report));
    const asked = webRequest(request, reply);
    return askedBy(asked.signal, () => transport.handleRequest(asked));
  };

  // The protocol has its own words for a body that is no JSON.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  for (const url of ['/mcp', '/mcp/']) {
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url,
      schema: { hide: true },
      async handler(request, reply) {
        answerForm(request.url);
        // The protocol asks for both types by name. Who names none, or only JSON, wants an answer all the same.
        const asked = webRequest(request, reply);
        return request.method === 'POST' &&
          !namesStream(request) &&
          (await isLegacyRequest(asked.clone()))
          ? answerInJson(request, reply)
          : askedBy(asked.signal, () => streamable.fetch(asked));
      },
    });
  }
  for (const url of ['/mcp/v1', '/mcp/v1/']) {
    app.post(url, { schema: { hide: true } }, answerInJson);
  }

  app.get('/health', { config: { access: 'open' }, schema: { hide: true } }, () => ({
    status: 'ok',
  }));
}

const namesStream = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes('text/event-stream') ?? false;

/** The form of answers that the address asks for: `?answers=data`. */
function answerForm(url: string): AnswerForm {
  const form = new URL(url, 'http://localhost').searchParams.get('answers') ?? 'text';
  const known = ANSWER_FORMS.find((name) => name === form);
  if (!known) throw new InvalidInputError('answers', `expected ${ANSWER_FORMS.join(' or ')}`);
  return known;
}

/** The request as the protocol's own code reads it; it is given up when its client goes. */
function webRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The body has been read: what described its transfer is no longer true.
    if (value === undefined || name === 'content-length' || name === 'transfer-encoding') continue;
    for (const one of [value].flat()) headers.append(name, one);
  }
  headers.set('accept', 'application/json, text/event-stream');
  const hasBody = request.method === 'POST';
  return new Request(new URL(request.url, 'http://localhost'), {
    method: request.method,
    headers,
    signal: gone.signal,
    ...(hasBody && { body: (request.body as string | undefined) ?? '' }),
  });
}
