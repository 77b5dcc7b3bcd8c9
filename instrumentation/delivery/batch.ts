// What waits in the queue, and the body of a request made of it.

import { type Head, requestOf } from './encode.ts';
import type { Line } from './line.ts';
import type { Segment } from './spool/segment.ts';

/** A span that waits, encoded. */
export interface WaitingSpan {
  readonly head: Head;
  readonly span: Uint8Array;
  readonly bytes: number;
  /** Whether it must not be pushed out for others. */
  readonly kept: boolean;
  /** The file that has it too. */
  readonly segment?: Segment | undefined;
}

/** A request of one span, read back from a file. */
export interface WaitingPayload {
  readonly payload: Uint8Array;
  readonly bytes: number;
  readonly kept: true;
  readonly segment: Segment;
}

export type Waiting = WaitingSpan | WaitingPayload;

const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Removes from the front of `waiting` what fits into one request, at least one of it. */
export function takeBatch(
  waiting: Line<Waiting>,
  maxSpans: number,
  maxBytes = MAX_BATCH_BYTES,
): Waiting[] {
  const batch: Waiting[] = [];
  let bytes = 0;
  for (let next = waiting.next; next && batch.length < maxSpans; next = waiting.next) {
    bytes += next.bytes;
    if (batch.length > 0 && bytes > maxBytes) break;
    batch.push(next);
    waiting.shift();
  }
  return batch;
}

/**
 * The request of a batch. Requests written one after the other are one request: their only field is
 * repeated.
 */
export function bodyOf(batch: readonly Waiting[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const byHead = new Map<Head, Uint8Array[]>();
  for (const item of batch) {
    if ('payload' in item) {
      parts.push(item.payload);
      continue;
    }
    const alike = byHead.get(item.head);
    if (alike) alike.push(item.span);
    else byHead.set(item.head, [item.span]);
  }
  for (const [head, spans] of byHead) parts.push(...requestOf(head, spans));
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
