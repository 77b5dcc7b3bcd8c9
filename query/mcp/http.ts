// MCP over HTTP: Streamable HTTP at /mcp, and for Hive's client plain JSON-RPC at /mcp/v1 and /health.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { McpOptions, McpWeb } from './web.ts';

/** A Fastify plugin with the routes. */
export async function mcpRoutes(app: FastifyInstance, options: McpOptions): Promise<void> {
  // Loaded when somebody asks: the protocol's package would hold up the start for those who do not.
  let opened: Promise<McpWeb> | undefined;
  const web = (): Promise<McpWeb> => {
    opened ??= import('./web.ts').then(({ createMcpWeb }) => createMcpWeb(options, app.log));
    return opened;
  };
  app.addHook('onClose', async () => (await opened)?.close());

  // The protocol has its own words for a body that is no JSON.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  for (const url of ['/mcp', '/mcp/']) {
    app.route({
      method: ['GET', 'POST', 'DELETE'],
      url,
      handler: async (request, reply) =>
        (await web()).answer(webRequest(request, reply), namesStream(request)),
    });
  }
  for (const url of ['/mcp/v1', '/mcp/v1/']) {
    app.post(url, async (request, reply) => (await web()).answerInJson(webRequest(request, reply)));
  }

  app.get('/health', { config: { access: 'open' } }, () => ({
    status: 'ok',
  }));
}

const namesStream = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.includes('text/event-stream') ?? false;

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
