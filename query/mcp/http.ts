// MCP over HTTP: Streamable HTTP at /mcp, and for Hive's client plain JSON-RPC at /mcp/v1 and /health.
import {
  createMcpHandler,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { askedBy } from '../base/asker.ts';
import type { History } from '../history.ts';
import type { Access } from '../http/access.ts';
import { createMcpServer } from './server.ts';

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
  const serverFor = (authorization: string | undefined) =>
    createMcpServer({
      history,
      version,
      mayChange: access === undefined || access.administer(authorization) === 'granted',
      report,
    });

  const streamable = createMcpHandler(
    ({ requestInfo }) => serverFor(requestInfo?.headers.get('authorization') ?? undefined),
    {
      onerror: (error) => app.log.debug({ err: error }, 'MCP'),
      maxSubscriptions: MOST_SUBSCRIPTIONS,
    },
  );
  app.addHook('onClose', () => streamable.close());

  // The protocol has its own words for a body that is no JSON.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    schema: { hide: true },
    handler: (request, reply) => {
      const asked = webRequest(request, reply);
      return askedBy(asked.signal, () => streamable.fetch(asked));
    },
  });

  app.post('/mcp/v1', { schema: { hide: true } }, async (request, reply) => {
    // Neither a session nor an `initialize` comes first, and the answer is JSON whatever is accepted.
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = serverFor(request.headers.authorization);
    await server.connect(transport);
    reply.raw.once('close', () => server.close().catch(report));
    const asked = webRequest(request, reply, { accept: 'application/json, text/event-stream' });
    return askedBy(asked.signal, () => transport.handleRequest(asked));
  });

  app.get('/health', { config: { access: 'open' }, schema: { hide: true } }, () => ({
    status: 'ok',
  }));
}

/** The request as the protocol's own code reads it; it is given up when its client goes. */
function webRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  more: Record<string, string> = {},
): Request {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The body has been read: what described its transfer is no longer true.
    if (value === undefined || name === 'content-length' || name === 'transfer-encoding') continue;
    for (const one of [value].flat()) headers.append(name, one);
  }
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  const hasBody = request.method === 'POST';
  return new Request(new URL(request.url, 'http://localhost'), {
    method: request.method,
    headers,
    signal: gone.signal,
    ...(hasBody && { body: (request.body as string | undefined) ?? '' }),
  });
}
