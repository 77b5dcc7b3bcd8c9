import { uuidOf } from './uuid.ts';

/**
 * The id of the failure that a span tells of: a UUID of version 8 (RFC 9562) from the first 16 bytes
 * of SHA-256 over the trace id's and the span id's bytes. A resend has the same id.
 * @param traceId 32 hex digits
 * @param spanId 16 hex digits
 */
export function failureId(traceId: string, spanId: string): string {
  return uuidOf(Buffer.from(traceId + spanId, 'hex'));
}
