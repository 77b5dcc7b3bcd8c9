// What waits in the queue, and the body of a request made of it.
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { guarded } from '../guard.ts';
import type { Segment } from '../spool/segment.ts';

/** A span that waits as it is; it is encoded when it is sent. */
export interface WaitingSpan {
  readonly span: ReadableSpan;
  /** About how much memory it holds. */
  readonly bytes: number;
}

/** A request of one span, already encoded. */
export interface WaitingPayload {
  readonly payload: Uint8Array;
  readonly bytes: number;
  /** The file that has it too. */
  readonly segment?: Segment | undefined;
}

export type Waiting = WaitingSpan | WaitingPayload;

const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Removes from the front of `waiting` what fits into one request, at least one of it. */
export function takeBatch<T extends Waiting>(
  waiting: T[],
  maxSpans: number,
  maxBytes = MAX_BATCH_BYTES,
): T[] {
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && count < maxSpans) {
    bytes += waiting[count]!.bytes;
    if (count > 0 && bytes > maxBytes) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** The request of one span. @throws {Error} if it cannot be encoded */
export function encode(span: ReadableSpan): Uint8Array {
  const body = serialize([span]);
  // The serializer's buffer is larger than what it wrote, and would be kept whole.
  return body.byteLength === body.buffer.byteLength ? body : body.slice();
}

/**
 * The request of a batch. Requests written one after the other are one request: their only field is
 * repeated. What cannot be encoded is left out.
 */
export function bodyOf(batch: readonly Waiting[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const spans: ReadableSpan[] = [];
  for (const item of batch) {
    if ('span' in item) spans.push(item.span);
    else parts.push(item.payload);
  }
  if (spans.length > 0) parts.push(...encodeAll(spans));
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function encodeAll(spans: readonly ReadableSpan[]): Uint8Array[] {
  const whole = guarded(() => serialize(spans), undefined);
  if (whole) return [whole];
  return spans.flatMap((span) => guarded(() => [serialize([span])], []));
}

function serialize(spans: readonly ReadableSpan[]): Uint8Array {
  const body = ProtobufTraceSerializer.serializeRequest([...spans]);
  if (!body) throw new Error('the span could not be encoded');
  return body;
}

/** About how much memory the text of a span holds, in bytes. */
export function sizeOf(span: ReadableSpan): number {
  let bytes = 512;
  const add = (attributes: Record<string, unknown> | undefined) => {
    for (const value of Object.values(attributes ?? {})) {
      bytes += typeof value === 'string' ? 32 + value.length : 64;
    }
  };
  add(span.attributes);
  for (const event of span.events) add(event.attributes);
  return bytes;
}
