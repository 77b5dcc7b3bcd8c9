// The body of a request as it was before Content-Encoding, never larger than the limit.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { inTurns, type Steps } from '../decode/turns.ts';
import type { BodyLease } from './body-budget.ts';

/** The body is larger than the limit, before or after decompression. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/** The body is not in the encoding that its header names. */
export class BodyNotDecodable extends Error {
  override name = 'BodyNotDecodable';
}

type Codec = 'gzip' | 'deflate' | 'zstd';
type Decompress = (body: Buffer, options: zlib.ZlibOptions) => Buffer;
type DecompressStream = (options: zlib.ZlibOptions) => Transform;

// In Node from 22.15 on; the types are those of Node 20.
const { createZstdDecompress, zstdDecompressSync } = zlib as {
  createZstdDecompress?: DecompressStream;
  zstdDecompressSync?: Decompress;
};

const CODECS: Partial<Record<Codec, { sync: Decompress; stream: DecompressStream }>> = {
  gzip: { sync: zlib.gunzipSync, stream: zlib.createGunzip },
  deflate: { sync: zlib.inflateSync, stream: zlib.createInflate },
  ...(createZstdDecompress && zstdDecompressSync
    ? { zstd: { sync: zstdDecompressSync, stream: createZstdDecompress } }
    : {}),
};

/** The content encodings that this Node version can read. */
export const CONTENT_ENCODINGS: readonly string[] = Object.keys(CODECS);

// A round trip through the thread pool costs more than a small body takes; with Node's default chunk
// of 16 KiB a large one would be five times slower.
const SYNC_BELOW_BYTES = 128 * 1024;
/** More is decompressed in another thread: it would hold the process. */
const SYNC_RESULT_BYTES = 1024 * 1024;
/** Spans compress to a fifth, equal ones to a hundredth; what holds more is made to hold a process up. */
const MAX_RATIO = 500;
/** Whatever the ratio. */
const FREE_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Spans compress to a fifth or less; fewer chunks are fewer copies. */
function chunkFor(bytes: number): number {
  return Math.min(1024 * 1024, Math.max(16 * 1024, 8 * bytes));
}

/** The codec of a Content-Encoding header; 'identity' for none, undefined for one not supported. */
export function codecOf(contentEncoding: string | undefined): Codec | 'identity' | undefined {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity' || name === 'none') return 'identity';
  if (name === 'x-gzip') return 'gzip';
  return Object.hasOwn(CODECS, name) ? (name as Codec) : undefined;
}

/**
 * Reads the body of a request, growing the lease as it comes when its length was not declared.
 * @throws BodyTooLarge when it has more than `maxBytes` bytes
 * @throws OverBudget when the lease cannot grow
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  lease: BodyLease,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Of a known length it is put together as it comes: to do so at the end takes long of a large one.
    const declared = Number(request.headers['content-length'] ?? 0);
    let whole = declared > 0 && declared <= maxBytes ? Buffer.allocUnsafe(declared) : undefined;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (error: unknown): void => {
      whole = undefined;
      chunks.length = 0;
      request.off('data', take);
      // What still comes is thrown away, so that the sender can read the answer.
      request.resume();
      reject(error);
    };
    function take(chunk: Buffer): void {
      bytes += chunk.length;
      try {
        if (bytes > maxBytes) throw new BodyTooLarge(`the body has more than ${maxBytes} bytes`);
        lease.growTo(bytes);
        if (whole === undefined) chunks.push(chunk);
        else chunk.copy(whole, bytes - chunk.length);
      } catch (error) {
        fail(error);
      }
    }
    request.on('data', take);
    request.once('end', () => {
      if (whole !== undefined) resolve(bytes === whole.length ? whole : whole.subarray(0, bytes));
      else resolve(chunks.length === 1 ? chunks[0]! : inTurns(concat(chunks, bytes)));
    });
    request.once('error', fail);
  });
}

/**
 * Decompresses a body.
 * @throws BodyTooLarge when it would have more than `maxBytes` bytes
 * @throws BodyNotDecodable when it is not what the codec says
 */
export async function decompress(
  body: Buffer,
  codec: Codec | 'identity',
  maxBytes: number,
): Promise<Buffer> {
  if (codec === 'identity') return body;
  const { sync, stream } = CODECS[codec]!;
  const most = Math.min(maxBytes, Math.max(FREE_BYTES, MAX_RATIO * body.length));
  const inThread = () => decompressInThread(stream({ chunkSize: CHUNK_BYTES }), body, most);
  const isSmall = body.length < SYNC_BELOW_BYTES;
  const syncMost = Math.min(most, SYNC_RESULT_BYTES);
  try {
    if (!isSmall) return await inThread();
    return sync(body, { maxOutputLength: syncMost, chunkSize: chunkFor(body.length) });
  } catch (error) {
    if (!isTooLarge(error)) throw notDecodable(codec, error);
    if (!isSmall || syncMost === most) throw tooLarge(most);
  }
  try {
    return await inThread();
  } catch (error) {
    throw isTooLarge(error) ? tooLarge(most) : notDecodable(codec, error);
  }
}

async function decompressInThread(
  stream: Transform,
  body: Buffer,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.end(body);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return inTurns(concat(chunks, bytes));
}

/** Of tens of megabytes it takes long. */
function* concat(chunks: readonly Buffer[], bytes: number): Steps<Buffer> {
  const whole = Buffer.allocUnsafe(bytes);
  let end = 0;
  for (const chunk of chunks) {
    chunk.copy(whole, end);
    end += chunk.length;
    yield;
  }
  return whole;
}

function isTooLarge(error: unknown): boolean {
  if (error instanceof BodyTooLarge) return true;
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(most: number): BodyTooLarge {
  return new BodyTooLarge(`the body has more than ${most} bytes after decompression`);
}

function notDecodable(codec: Codec, error: unknown): BodyNotDecodable {
  return new BodyNotDecodable(`the body is not ${codec}: ${(error as Error).message}`);
}
