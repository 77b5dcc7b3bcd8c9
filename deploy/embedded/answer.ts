/** From the engine's rows to an HTTP response: headers, compression, errors before and amid rows. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transform, Writable } from 'node:stream';
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { EngineFacts, Rows } from './engine.ts';
import type { ClickHouseException } from './exception.ts';
import { nativeOfRevision } from './native.ts';
import type { Wishes } from './request.ts';

/**
 * The response of one statement.
 *
 * Not begun: an error still has its own status. Begun (the headers and first rows are out): an
 * error stands at the end of the body between `__exception__` marks, as a server of 25.11 or later
 * writes it, and the connection is cut without the last chunk, so that no client takes the answer
 * for whole. With `wait_end_of_query=1` nothing begins before the last row is there. Ended.
 */
export class Answer {
  #req: IncomingMessage;
  #res: ServerResponse;
  #facts: EngineFacts;
  #wishes: Wishes;
  #format: string;
  #tag = randomBytes(8).toString('hex');
  #out: Writable | undefined;
  #compressor: Transform | undefined;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    facts: EngineFacts,
    wishes: Wishes,
    format: string,
  ) {
    this.#req = req;
    this.#res = res;
    this.#facts = facts;
    this.#wishes = wishes;
    this.#format = format;
  }

  get begun(): boolean {
    return this.#out !== undefined;
  }

  /** Sends rows as they come, at the pace the client takes them. */
  async send(rows: Rows): Promise<void> {
    const native = this.#wishes.protocolVersion > 0 && this.#format === 'Native';
    const chunks = native
      ? nativeOfRevision(rows.chunks, this.#wishes.protocolVersion)
      : rows.chunks;
    const held: Uint8Array[] = [];
    for await (const chunk of chunks) {
      if (this.#wishes.waitEndOfQuery) {
        held.push(chunk);
        continue;
      }
      this.#out ??= this.#begin(rows);
      await this.#write(chunk);
      if (this.#res.destroyed) return;
    }
    this.#out ??= this.#begin(rows);
    for (const chunk of held) await this.#write(chunk);
    this.#out.end();
  }

  /** Ends the response with an error, in the way its state allows. */
  async fail(error: ClickHouseException): Promise<void> {
    if (this.#res.destroyed) return;
    if (this.#out === undefined) {
      sendError(this.#req, this.#res, error, this.#wishes.queryId);
      return;
    }
    const message = error.text;
    const length = Buffer.byteLength(message);
    const block = `\r\n__exception__\r\n${this.#tag}\r\n${message}${length} ${this.#tag}\r\n__exception__\r\n`;
    const socket = this.#res.socket;
    if (this.#compressor) {
      const compressor = this.#compressor;
      compressor.unpipe(this.#res);
      compressor.on('data', (chunk: Buffer) => this.#res.write(chunk));
      compressor.resume();
      compressor.end(block);
      await once(compressor, 'end');
    } else {
      await new Promise<void>((resolve) => this.#res.write(block, () => resolve()));
    }
    // Cut, but not before the client had a moment to read the block.
    setTimeout(() => socket?.destroySoon(), CUT_AFTER_MS).unref();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.#out?.write(chunk) === false && !this.#res.destroyed) {
      await Promise.race([once(this.#out, 'drain'), once(this.#res, 'close')]);
    }
  }

  #begin(rows: Rows): Writable {
    const headers = baseHeaders(this.#facts, this.#wishes.queryId, this.#format);
    headers['X-ClickHouse-Exception-Tag'] = this.#tag;
    if (rows.written) headers['X-ClickHouse-Summary'] = summary(rows.written);
    const encoding = this.#wishes.compress ? chosenEncoding(this.#req) : undefined;
    if (encoding) headers['Content-Encoding'] = encoding;
    this.#res.writeHead(200, headers);
    if (!encoding) return this.#res;
    const compressor = COMPRESSORS[encoding]();
    compressor.pipe(this.#res);
    this.#res.once('close', () => compressor.destroy());
    this.#compressor = compressor;
    return compressor;
  }
}

/** From the end of a broken answer to the cut of its connection, in milliseconds. */
const CUT_AFTER_MS = 100;

/** A refused or failed statement: ClickHouse's text, code header and status. */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: ClickHouseException,
  queryId?: string,
): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const headers: Record<string, string> = {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(error.code),
  };
  if (queryId !== undefined) headers['X-ClickHouse-Query-Id'] = printable(queryId);
  if (error.httpStatus === 401) headers['WWW-Authenticate'] = 'Basic realm="ClickHouse"';
  // The rest of a body that nobody reads would be taken for the next request.
  if (!req.complete) headers.Connection = 'close';
  res.writeHead(error.httpStatus, headers).end(error.text);
}

const COMPRESSORS = {
  gzip: () => createGzip({ level: 3 }),
  deflate: () => createDeflate({ level: 3 }),
  br: () => createBrotliCompress(),
} as const;

function chosenEncoding(req: IncomingMessage): keyof typeof COMPRESSORS | undefined {
  const accepted = String(req.headers['accept-encoding'] ?? '').toLowerCase();
  return (['gzip', 'deflate', 'br'] as const).find((name) => accepted.includes(name));
}

function baseHeaders(facts: EngineFacts, queryId: string, format: string): Record<string, string> {
  return {
    'Content-Type': contentType(format),
    'X-ClickHouse-Query-Id': printable(queryId),
    'X-ClickHouse-Format': printable(format),
    'X-ClickHouse-Timezone': facts.timezone,
    'X-ClickHouse-Server-Display-Name': printable(facts.displayName),
  };
}

function contentType(format: string): string {
  if (/^JSON(?!.*EachRow)/.test(format)) return 'application/json; charset=UTF-8';
  if (/EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (/^CSV/.test(format)) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(?:TSV|TabSeparated)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (/^(?:Native|RowBinary|Arrow|Parquet|ORC)/.test(format)) return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}

function summary(written: { rows: number; bytes: number; elapsedMs: number }): string {
  return JSON.stringify({
    read_rows: String(written.rows),
    read_bytes: String(written.bytes),
    written_rows: String(written.rows),
    written_bytes: String(written.bytes),
    total_rows_to_read: '0',
    result_rows: String(written.rows),
    result_bytes: String(written.bytes),
    elapsed_ns: String(Math.round(written.elapsedMs * 1e6)),
  });
}

/** Header-safe: what a client sent comes back without control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 256);
}
