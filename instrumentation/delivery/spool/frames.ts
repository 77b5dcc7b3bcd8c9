// The form of a spool file: a magic line, then frames of length, checksum and payload. A file ends
// wherever its process died, so reading stops at the first frame that is not whole.
import { crc32 } from 'node:zlib';

/** What a spool file begins with; the digit is the version of the form. */
export const MAGIC = Buffer.from('faultline-spool-1\n', 'latin1');

/** Bytes before each payload: its length and its CRC-32, both 32 bits, little-endian. */
export const HEAD_BYTES = 8;

/** Longer is damage and no frame. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

/** What stands in the file before a payload that is given in parts. */
export function headOf(payload: readonly Uint8Array[]): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  let bytes = 0;
  let sum = 0;
  for (const part of payload) {
    bytes += part.byteLength;
    sum = crc32(part, sum);
  }
  head.writeUInt32LE(bytes, 0);
  head.writeUInt32LE(sum, 4);
  return head;
}

/**
 * The payloads of a file from `offset` on, up to the first torn or damaged frame.
 * @returns also how many bytes at the end were cut off
 */
export function readFrames(
  file: Buffer,
  offset: number = MAGIC.length,
): { payloads: Buffer[]; cut: number } {
  const payloads: Buffer[] = [];
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) return { payloads, cut: file.length };
  let at = offset;
  while (at + HEAD_BYTES <= file.length) {
    const length = file.readUInt32LE(at);
    const start = at + HEAD_BYTES;
    if (length > MAX_PAYLOAD_BYTES || start + length > file.length) break;
    const payload = file.subarray(start, start + length);
    if (crc32(payload) !== file.readUInt32LE(at + 4)) break;
    payloads.push(payload);
    at = start + length;
  }
  return { payloads, cut: file.length - at };
}
