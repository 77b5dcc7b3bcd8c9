import { hash } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';

/**
 * The id under which the collector stores the failure of a span: a UUID of version 8 (RFC 9562) from the
 * first 16 bytes of SHA-256 over the trace id's and the span id's bytes.
 */
export function failureIdOf({ traceId, spanId }: SpanContext): string {
  const digest = hash('sha256', Buffer.from(traceId + spanId, 'hex'), 'buffer');
  digest[6] = 0x80 | (digest[6]! & 0x0f);
  digest[8] = 0x80 | (digest[8]! & 0x3f);
  const hex = digest.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
