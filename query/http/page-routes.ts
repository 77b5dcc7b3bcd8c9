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

const open = { config: { access: 'open' as const }, schema: { hide: true } };
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
  const send = (name: string) => (request: FastifyRequest, reply: FastifyReply) => {
    const file = files.get(name);
    if (!file)
      return reply.code(404).type('text/plain').send('the page was not built: npm run build\n');
    reply.headers({ ...HEADERS, 'cache-control': file.cache }).type(file.type);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
    return reply.header('content-encoding', 'gzip').send(file.zipped);
  };
  for (const view of VIEWS) app.get(view, open, send('index.html'));
  for (const name of files.keys()) {
    if (name !== 'index.html') app.get(`/${name}`, open, send(name));
  }
  done();
};

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
