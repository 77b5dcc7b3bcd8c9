// What a queue holds in memory, in bytes: encoded spans that must not be lost, and others as they are.
import { takeBatch, type Waiting, type WaitingPayload, type WaitingSpan } from './batch.ts';

/** Two lines that share one bound; what is in flight counts until it is released. */
export class Memory {
  readonly #maxBytes: number;
  #payloads: WaitingPayload[] = [];
  #spans: WaitingSpan[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many wait. */
  get count(): number {
    return this.#payloads.length + this.#spans.length;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  /** Adds a span that may be lost. @returns how many were pushed out for it, oldest first */
  addSpan(item: WaitingSpan): number {
    const lost = this.makeRoom(item.bytes);
    if (!this.fits(item.bytes)) return lost + 1;
    this.#spans.push(item);
    this.#bytes += item.bytes;
    return lost;
  }

  addPayload(item: WaitingPayload): void {
    this.#payloads.push(item);
    this.#bytes += item.bytes;
  }

  /** Pushes out spans that may be lost, oldest first. @returns how many */
  makeRoom(bytes: number): number {
    let count = 0;
    while (count < this.#spans.length && !this.fits(bytes)) {
      this.#bytes -= this.#spans[count]!.bytes;
      count += 1;
    }
    this.#spans.splice(0, count);
    return count;
  }

  /** Removes what fits into one request; its bytes count until {@link release}. */
  take(maxSpans: number): Waiting[] {
    const batch: Waiting[] = takeBatch(this.#payloads, maxSpans);
    if (batch.length === 0 || this.#payloads.length === 0) {
      batch.push(...takeBatch(this.#spans, maxSpans - batch.length));
    }
    return batch;
  }

  takeAll(): Waiting[] {
    const all = [...this.#payloads, ...this.#spans];
    this.#payloads = [];
    this.#spans = [];
    return all;
  }

  /** What was taken comes back to the front. */
  putBack(batch: readonly Waiting[]): void {
    this.#payloads.unshift(...batch.filter((item) => 'payload' in item));
    this.#spans.unshift(...batch.filter((item) => 'span' in item));
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
