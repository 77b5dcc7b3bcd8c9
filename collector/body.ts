// The body of a request as it was before Content-Encoding, never larger than the limit.
import { promisify } from 'node:util';
import { gunzip, gunzipSync, inflate, inflateSync } from 'node:zlib';

/** The body is larger than the limit, before or after decompression. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge';
}

/** The body is not in the encoding that its header names. */
export class BodyNotDecodable extends Error {
  override name = 'BodyNotDecodable';
}

const CODECS = {
  gzip: { sync: gunzipSync, async: promisify(gunzip) },
  deflate: { sync: inflateSync, async: promisify(inflate) },
} as const;

type Codec = keyof typeof CODECS;

// A round trip through the thread pool costs more than a small body takes; with Node's default chunk
// of 16 KiB a large one would be five times slower.
const SYNC_BELOW_BYTES = 128 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** The codec of a Content-Encoding header; 'identity' for none, undefined for one not supported. */
export function codecOf(contentEncoding: string | undefined): Codec | 'identity' | undefined {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'x-gzip') return 'gzip';
  return name === 'gzip' || name === 'deflate' ? name : undefined;
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
  const options = { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES };
  try {
    return body.length < SYNC_BELOW_BYTES
      ? CODECS[codec].sync(body, { maxOutputLength: maxBytes })
      : await CODECS[codec].async(body, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BodyTooLarge(`the body has more than ${maxBytes} bytes after decompression`);
    }
    throw new BodyNotDecodable(`the body is not ${codec}: ${(error as Error).message}`);
  }
}
