/** The HTTP front: routes, users, and one statement a request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { Answer, sendError } from './answer.ts';
import type { Engine } from './engine.ts';
import { ClickHouseException, ErrorCode } from './exception.ts';
import { HEADERS_TIMEOUT_MS, MAX_HEADER_BYTES, REQUEST_TIMEOUT_MS } from './limits.ts';
import { readRequest } from './request.ts';
import { namedFormat } from './statement.ts';
import { authenticate } from './users.ts';

export interface FrontOptions {
  engine: Engine;
  /** Password of the writer. */
  password: string;
  /** Folder for inserted rows on their way to the engine. */
  tmpDir: string;
}

/** An HTTP server that speaks ClickHouse's interface; not listening yet. */
export function createFront(options: FrontOptions): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (req, res) => {
    handle(options, req, res).catch((error: unknown) => {
      sendError(req, res, ClickHouseException.from(error));
    });
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = 30_000;
  return server;
}

async function handle(
  options: FrontOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (!isLocalName(req.headers.host)) {
    // A web page that had its own name point here could otherwise read answers.
    text(res, 403, `This server answers to loopback names only, not to '${req.headers.host}'.\n`);
    return;
  }
  const { pathname, searchParams } = parseTarget(req);
  if (pathname === '/ping' || pathname === '/replicas_status') return text(res, 200, 'Ok.\n');
  if (pathname !== '/') {
    return text(
      res,
      404,
      `There is no handle ${pathname}. Use / for queries, /ping for a health check.\n`,
    );
  }
  if (req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'POST') {
    res.setHeader('Allow', 'GET, HEAD, POST');
    return text(res, 405, `Method ${req.method} is not supported; use GET or POST.\n`);
  }
  if (req.method !== 'POST' && !searchParams.has('query')) return text(res, 200, 'Ok.\n');
  await runStatement(options, req, res, searchParams);
}

async function runStatement(
  { engine, password, tmpDir }: FrontOptions,
  req: IncomingMessage,
  res: ServerResponse,
  url: URLSearchParams,
): Promise<void> {
  const role = authenticate(req, url, password);
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  const { statement, wishes, discard } = await readRequest(req, url, role, tmpDir);
  const format =
    namedFormat(statement.dataFile === undefined ? statement.sql : '') ?? statement.format;
  const answer = new Answer(req, res, engine.facts, wishes, format);
  try {
    if (statement.sql.trim() === '') {
      throw new ClickHouseException(ErrorCode.SYNTAX_ERROR, 'Syntax error: Empty query.');
    }
    await engine.run({ ...statement, format }, gone.signal, (rows) => answer.send(rows));
  } catch (error) {
    await answer.fail(ClickHouseException.from(error));
  } finally {
    await discard();
  }
}

function parseTarget(req: IncomingMessage): URL {
  try {
    return new URL(req.url ?? '/', 'http://localhost');
  } catch {
    throw new ClickHouseException(ErrorCode.BAD_REQUEST_PARAMETER, 'The request target is no URL.');
  }
}

function isLocalName(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}

function text(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8' }).end(body);
}
