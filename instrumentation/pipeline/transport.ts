// Sends one OTLP request. Nothing here keeps the process alive: sockets and timers are unref'ed.
import { spawnSync } from 'node:child_process';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { gzipSync } from 'node:zlib';
import type { Endpoint } from './environment.ts';

/** The collector did not take a request. */
export class SendError extends Error {
  /** Whether the same request may be taken later (no connection, 429, 502, 503, 504). */
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SendError';
    this.retryable = retryable;
  }
}

const RETRYABLE = new Set([429, 502, 503, 504]);
const TIMEOUT_MS = 10_000;
// Connections of our own: the app's pools and their limits stay the app's.
const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 4 });

/**
 * Posts a protobuf `ExportTraceServiceRequest`. Resolves on any 2xx answer.
 * @param hold keeps the process alive until the answer is there
 * @throws {SendError}
 */
export function send(endpoint: Endpoint, body: Uint8Array, hold: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const { payload, headers } = encode(endpoint, body);
    const secure = endpoint.url.startsWith('https:');
    const request = secure ? httpsRequest : httpRequest;
    const agent = secure ? httpsAgent : httpAgent;
    const options = { method: 'POST', headers, agent, ...endpoint.tls };
    const call = request(endpoint.url, options, (response) => {
      response.resume();
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) return resolve();
        reject(new SendError(`it answered ${status}`, RETRYABLE.has(status)));
      });
      response.once('error', (error) => reject(new SendError(error.message, true, error)));
    });
    call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    call.once('socket', (socket) => {
      if (!hold) socket.unref();
    });
    call.once('error', (error: NodeJS.ErrnoException) => {
      reject(new SendError(error.code ?? error.message, true, error));
    });
    call.end(payload);
  });
}

/**
 * Posts from a child process and waits for it: the only way out when the process is about to end and
 * its event loop turns no more. Costs about the start of a Node process, only at such an end.
 * @returns whether the collector took it within `timeoutMs`
 */
export function sendSync(endpoint: Endpoint, body: Uint8Array, timeoutMs: number): boolean {
  const { payload, headers } = encode(endpoint, body);
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

function encode(endpoint: Endpoint, body: Uint8Array) {
  const gzip = endpoint.compression === 'gzip';
  const payload = gzip
    ? gzipSync(body)
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const headers = {
    ...endpoint.headers,
    'content-type': 'application/x-protobuf',
    'content-length': String(payload.length),
    ...(gzip && { 'content-encoding': 'gzip' }),
  };
  return { payload, headers };
}
