// The web page: serves the files that the build made. They hold no data, so they are open to everyone;
// what the page shows it asks of /api/v1 with the reader's token.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';

/** Beside the compiled service in `dist/`, or from the sources in the `dist/` of the project. */
const FOLDERS = ['../../page/', '../../dist/page/'];
/** Addresses that the page itself reads; all of them are the one document. */
const VIEWS = ['/', '/agents/*', '/groups/*', '/failures/*', '/graphs/*', '/evolutions/*', '/sql'];

const DOCUMENT = 'index.html';
const DEEPEST = 32;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  vary: 'accept-encoding',
};

const open = { config: { access: 'open' as const } };
const FOREVER = 'public, max-age=31536000, immutable';

interface Built {
  type: string;
  /** Files under assets/ have a hash of what is in them in their names. */
  cache: string;
  body: Buffer;
  zipped: Buffer;
}

export const pageRoutes: FastifyPluginCallback = (app, _options, done) => {
  const files = builtFiles();
  const documents = new Map<number, Built>();
  const send = (name: string) => (request: FastifyRequest, reply: FastifyReply) => {
    const file = name === DOCUMENT ? documentAt(depthOf(request.url)) : files.get(name);
    if (!file)
      return reply.code(404).type('text/plain').send('the page was not built: npm run build\n');
    reply.headers({ ...HEADERS, 'cache-control': file.cache }).type(file.type);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
    return reply.header('content-encoding', 'gzip').send(file.zipped);
  };
  const documentAt = (depth: number): Built | undefined => {
    const built = documents.get(depth) ?? below(files.get(DOCUMENT), depth);
    if (built) documents.set(depth, built);
    return built;
  };
  for (const view of VIEWS) app.get(view, open, send(DOCUMENT));
  for (const name of files.keys()) {
    if (name !== DOCUMENT) app.get(`/${name}`, open, send(name));
  }
  done();
};

/** How many folders an address is below the page's root, at most as many as a view has. */
const depthOf = (url: string): number =>
  Math.min(url.split('?', 1)[0]!.split('/').length - 2, DEEPEST);

/**
 * The document for addresses so far below the root. All that it names is relative to the address that the
 * browser has, so that it need not be known under which path a proxy serves the page.
 */
function below(document: Built | undefined, depth: number): Built | undefined {
  if (!document || depth === 0) return document;
  const body = Buffer.from(document.body.toString().replaceAll('"./', `"${'../'.repeat(depth)}`));
  return { ...document, body, zipped: gzipSync(body) };
}

/** All files of the page by their paths, read once: they are few and small. */
function builtFiles(): Map<string, Built> {
  const folder = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) =>
    existsSync(`${path}index.html`),
  );
  const names = folder ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return new Map(
    names.flatMap((path) => {
      const name = path.replaceAll('\\', '/');
      const type = TYPES[extname(name)];
      if (!type) return [];
      const body = readFileSync(`${folder}${name}`);
      const cache = name.startsWith('assets/') ? FOREVER : 'no-cache';
      return [[name, { type, cache, body, zipped: gzipSync(body) }]];
    }),
  );
}
