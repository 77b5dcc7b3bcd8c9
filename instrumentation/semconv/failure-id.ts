// Ids that several processes work out alike, so that a resend changes nothing.
import { hash } from 'node:crypto';

/** A UUID of version 8 (RFC 9562): the first 16 bytes of SHA-256 over the content. */
export function uuidOf(content: string | Buffer): string {
  const digest = hash('sha256', content, 'buffer');
  digest[6] = 0x80 | (digest[6]! & 0x0f);
  digest[8] = 0x80 | (digest[8]! & 0x3f);
  const hex = digest.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * The id of the failure that a span reports: from the bytes of the trace id and the span id.
 *
 * @param traceId 32 hex digits
 * @param spanId 16 hex digits
 */
export function failureId(traceId: string, spanId: string): string {
  return uuidOf(Buffer.from(traceId + spanId, 'hex'));
}
