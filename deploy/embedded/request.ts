/** From an HTTP request to a statement: where the SQL, the inserted rows and the settings stand. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Statement } from './engine.ts';
import { ClickHouseException, ErrorCode } from './exception.ts';
import { MAX_BODY_BYTES, MAX_STATEMENT_BYTES } from './limits.ts';
import { belongsToFront, type Role } from './settings.ts';
import { insertHead } from './statement.ts';

/** What the front does itself with a request's answer. */
export interface Wishes {
  queryId: string;
  waitEndOfQuery: boolean;
  compress: boolean;
  /** Above 0, Native blocks are wanted in the form that revision of the protocol has. */
  protocolVersion: number;
}

export interface Parsed {
  statement: Statement;
  wishes: Wishes;
  /** Removes the temporary file, if there is one. */
  discard(): Promise<void>;
}

/**
 * Reads the whole request; rows of an INSERT go to a file in `tmpDir`, never through memory.
 * @throws ClickHouseException 229 for a body or a statement that is too large.
 */
export async function readRequest(
  req: IncomingMessage,
  url: URLSearchParams,
  role: Role,
  tmpDir: string,
): Promise<Parsed> {
  const { params, settings } = split(url);
  const inUrl = url.get('query') ?? '';
  const { sql, dataFile } = await readBody(req, inUrl, tmpDir);
  const header = (name: string) => {
    const value = req.headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const statement: Statement = {
    // As on a server, GET and HEAD change nothing, whoever asks.
    role: req.method === 'POST' ? role : 'reader',
    sql,
    params,
    settings,
    database: header('x-clickhouse-database') ?? (url.get('database') || undefined),
    format: header('x-clickhouse-format') ?? (url.get('default_format') || 'TabSeparated'),
  };
  if (dataFile !== undefined) statement.dataFile = dataFile;
  return {
    statement,
    wishes: {
      queryId: url.get('query_id') || header('x-clickhouse-query-id') || randomUUID(),
      waitEndOfQuery: url.get('wait_end_of_query') === '1',
      compress: url.get('enable_http_compression') === '1',
      protocolVersion: Number(url.get('client_protocol_version') ?? 0) || 0,
    },
    discard: async () => {
      if (dataFile !== undefined) await unlink(join(tmpDir, dataFile)).catch(() => {});
    },
  };
}

function split(url: URLSearchParams) {
  const params: Record<string, string> = {};
  const settings = new Map<string, string>();
  for (const [name, value] of url) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (!belongsToFront(name)) settings.set(name, value);
  }
  return { params, settings };
}

async function readBody(
  req: IncomingMessage,
  inUrl: string,
  tmpDir: string,
): Promise<{ sql: string; dataFile?: string }> {
  if (/^multipart\//i.test(req.headers['content-type'] ?? '')) {
    throw new ClickHouseException(
      ErrorCode.NOT_IMPLEMENTED,
      'Multipart bodies (external tables) are not supported by the embedded engine.',
    );
  }
  const body = decoded(req);
  if (insertHead(inUrl)) return { sql: inUrl, dataFile: await toFile(after(inUrl, body), tmpDir) };
  const held: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    held.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_STATEMENT_BYTES) break;
  }
  const start = Buffer.concat(held);
  // Latin-1 keeps one character a byte, so an index into the text is one into the body.
  const text = inUrl === '' ? '' : `${inUrl}\n`;
  const insert = insertHead(text + start.toString('latin1'));
  if (insert && insert.dataStart >= text.length) {
    const cut = insert.dataStart - text.length;
    const rest = Readable.from(chain(start.subarray(cut), body), { objectMode: false });
    return {
      sql: text + start.subarray(0, cut).toString('utf8'),
      dataFile: await toFile(rest, tmpDir),
    };
  }
  if (size > MAX_STATEMENT_BYTES) {
    throw new ClickHouseException(
      ErrorCode.QUERY_IS_TOO_LARGE,
      `The statement is over ${MAX_STATEMENT_BYTES} bytes; send rows as data of an INSERT.`,
    );
  }
  return { sql: start.length > 0 ? text + start.toString('utf8') : inUrl };
}

/** Rows that stand in the URL behind the INSERT come before those in the body. */
function after(sql: string, body: Readable): Readable {
  const inline = sql.slice(insertHead(sql)?.dataStart ?? sql.length);
  if (inline.trim() === '') return body;
  return Readable.from(chain(Buffer.from(`${inline}\n`), body), { objectMode: false });
}

async function* chain(first: Buffer, rest: Readable): AsyncGenerator<Buffer> {
  yield first;
  if (!rest.readableEnded) yield* rest as AsyncIterable<Buffer>;
}

async function toFile(rows: Readable, tmpDir: string): Promise<string> {
  const name = `insert-${randomUUID()}`;
  const path = join(tmpDir, name);
  try {
    await pipeline(rows, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    return name;
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error instanceof ClickHouseException ? error : badBody(error);
  }
}

function decoded(req: IncomingMessage): Readable {
  const encoding = (req.headers['content-encoding'] ?? '').trim().toLowerCase();
  const bounded = req.pipe(bound());
  if (encoding === '' || encoding === 'identity') return forward(req, bounded);
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : encoding === 'br'
          ? createBrotliDecompress()
          : undefined;
  if (!decoder) {
    throw new ClickHouseException(
      ErrorCode.NOT_IMPLEMENTED,
      `Content-Encoding '${encoding}' is not supported; send gzip, deflate, br or none.`,
    );
  }
  const plain = bound();
  bounded.on('error', (error) => plain.destroy(error));
  decoder.on('error', (error) => plain.destroy(badBody(error)));
  return forward(req, bounded.pipe(decoder).pipe(plain));
}

/** A request cut short ends its body with an error, not with a clean end. */
function forward(req: IncomingMessage, body: Transform): Transform {
  req.on('error', (error) => body.destroy(badBody(error)));
  req.on('aborted', () => body.destroy(badBody(new Error('the client went away'))));
  return body;
}

function bound(): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) done(null, chunk);
      else {
        done(
          new ClickHouseException(
            ErrorCode.QUERY_IS_TOO_LARGE,
            `The request's body is over ${MAX_BODY_BYTES} bytes; send it in parts.`,
          ),
        );
      }
    },
  });
}

function badBody(error: unknown): ClickHouseException {
  return new ClickHouseException(
    ErrorCode.CANNOT_DECOMPRESS,
    `Cannot read the request's body: ${error instanceof Error ? error.message : String(error)}.`,
  );
}
