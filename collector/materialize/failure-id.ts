import { hash } from 'node:crypto';

/**
 * The id of the failure that a span tells of: a UUID of version 8 (RFC 9562) from the first 16 bytes
 * of SHA-256 over the trace id's and the span id's bytes. A resend has the same id.
 * @param traceId 32 hex digits
 * @param spanId 16 hex digits
 */
export function failureId(traceId: string, spanId: string): string {
  const hex = hash('sha256', Buffer.from(traceId + spanId, 'hex'), 'hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 0b0011) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
