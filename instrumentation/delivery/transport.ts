// Sends one OTLP request. Nothing here keeps the process alive: sockets and timers are unref'ed.
import { spawnSync } from 'node:child_process';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import type { Endpoint } from './environment.ts';
import { rejectedSpans } from './export-response.ts';

/** The collector did not take a request. */
export class SendError extends Error {
  /** Whether the same request may be taken later: not if it is the request itself that is wrong. */
  readonly retryable: boolean;
  /** What the receiver asked for with `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    retryable: boolean,
    more: { cause?: unknown; afterMs?: number } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SendError';
    this.retryable = retryable;
    this.retryAfterMs = more.afterMs;
  }
}

/**
 * Answers that will be the same for the same request. A wrong token or path (401, 403, 404) is no fault
 * of the request: it is sent again until somebody has put it right.
 */
const REFUSED = new Set([400, 413, 415, 422]);
const TIMEOUT_MS = 10_000;
/** Smaller bodies are not worth compressing, in bytes. */
const MIN_ZIPPED_BYTES = 1024;
const MAX_ANSWER_CHUNKS = 64;
// Connections of our own: the app's pools and their limits stay the app's.
const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 4 });

/**
 * Posts a protobuf `ExportTraceServiceRequest`. Resolves on any 2xx answer.
 * @param hold keeps the process alive until the answer is there
 * @returns how many spans the receiver says that it rejected
 * @throws {SendError}
 */
export async function send(endpoint: Endpoint, body: Uint8Array, hold: boolean): Promise<number> {
  // In zlib's threads: compressing a batch here would stop the app for milliseconds.
  const payload = isZipped(endpoint, body) ? await compress(body) : body;
  return await post(endpoint, payload, headersOf(endpoint, payload, payload !== body), hold);
}

const compress = promisify<Uint8Array, Buffer>(gzip);

function post(
  endpoint: Endpoint,
  payload: Uint8Array,
  headers: Record<string, string>,
  hold: boolean,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const secure = endpoint.url.startsWith('https:');
    const request = secure ? httpsRequest : httpRequest;
    const agent = secure ? httpsAgent : httpAgent;
    const options = { method: 'POST', headers, agent, ...endpoint.tls };
    const call = request(endpoint.url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        if (chunks.length < MAX_ANSWER_CHUNKS) chunks.push(chunk);
      });
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) return resolve(rejectedSpans(Buffer.concat(chunks)));
        const afterMs = retryAfterMs(response.headers['retry-after']);
        const hint = afterMs === undefined ? {} : { afterMs };
        reject(new SendError(`it answered ${status}`, !REFUSED.has(status), hint));
      });
      response.once('error', (cause) => reject(new SendError(cause.message, true, { cause })));
    });
    call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    call.once('socket', (socket) => {
      if (hold) socket.ref();
      else socket.unref();
    });
    call.once('error', (cause: NodeJS.ErrnoException) => {
      // The receiver closed an idle connection just as it was used again: no sign of an outage.
      if (call.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE')) {
        resolve(post(endpoint, payload, headers, hold));
        return;
      }
      reject(new SendError(cause.code ?? cause.message, true, { cause }));
    });
    call.end(payload);
  });
}

/** Reads `Retry-After`, in seconds or as a date; undefined when it is missing or neither. */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}

/**
 * Posts from a child process and waits for it: the only way out when the process is about to end and
 * its event loop turns no more. Costs about the start of a Node process, only at such an end.
 * @returns whether the collector took it within `timeoutMs`
 */
export function sendSync(endpoint: Endpoint, body: Uint8Array, timeoutMs: number): boolean {
  const payload = isZipped(endpoint, body) ? gzipSync(body) : body;
  const headers = headersOf(endpoint, payload, payload !== body);
  const options = { method: 'POST', headers, ...endpoint.tls };
  // The request's headers may hold a token, so they travel on standard input and not as arguments.
  const head = Buffer.from(JSON.stringify({ url: endpoint.url, options }), 'utf8');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(head.length);
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  const child = spawnSync(process.execPath, ['-e', POST_FROM_STDIN], {
    input: Buffer.concat([size, head, payload]),
    env,
    timeout: timeoutMs,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  return child.status === 0;
}

const POST_FROM_STDIN = `
const all = require('fs').readFileSync(0);
const end = 4 + all.readUInt32BE(0);
const { url, options } = JSON.parse(all.subarray(4, end).toString('utf8'));
const { request } = require(url.startsWith('https:') ? 'https' : 'http');
const call = request(url, options, (response) => {
  response.resume();
  process.exit(response.statusCode >= 200 && response.statusCode < 300 ? 0 : 1);
});
call.on('error', () => process.exit(1));
call.end(all.subarray(end));
`;

function isZipped(endpoint: Endpoint, body: Uint8Array): boolean {
  return endpoint.compression === 'gzip' && body.byteLength >= MIN_ZIPPED_BYTES;
}

function headersOf(
  endpoint: Endpoint,
  payload: Uint8Array,
  zipped: boolean,
): Record<string, string> {
  return {
    ...endpoint.headers,
    'content-type': 'application/x-protobuf',
    'content-length': String(payload.byteLength),
    ...(zipped && { 'content-encoding': 'gzip' }),
  };
}
