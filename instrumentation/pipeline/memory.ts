// What a queue holds in memory, in bytes: spans that must not be lost, and others.
import { takeBatch, type Waiting } from './batch.ts';

/** Two lines that share one bound; what is in flight counts until it is released. */
export class Memory {
  readonly #maxBytes: number;
  #kept: Waiting[] = [];
  #others: Waiting[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many wait. */
  get count(): number {
    return this.#kept.length + this.#others.length;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  add(item: Waiting): void {
    (item.kept ? this.#kept : this.#others).push(item);
    this.#bytes += item.bytes;
  }

  /** Pushes out spans that may be lost, oldest first. @returns how many */
  makeRoom(bytes: number): number {
    if (this.fits(bytes)) return 0;
    let count = 0;
    while (count < this.#others.length && !this.fits(bytes)) {
      this.#bytes -= this.#others[count]!.bytes;
      count += 1;
    }
    this.#others.splice(0, count);
    return count;
  }

  /** Removes what fits into one request; its bytes count until {@link release}. */
  take(maxSpans: number): Waiting[] {
    const batch = takeBatch(this.#kept, maxSpans);
    if (batch.length === 0 || this.#kept.length === 0) {
      batch.push(...takeBatch(this.#others, maxSpans - batch.length));
    }
    return batch;
  }

  takeAll(): Waiting[] {
    const all = [...this.#kept, ...this.#others];
    this.#kept = [];
    this.#others = [];
    return all;
  }

  /** What was taken comes back to the front. */
  putBack(batch: readonly Waiting[]): void {
    this.#kept.unshift(...batch.filter(({ kept }) => kept));
    this.#others.unshift(...batch.filter(({ kept }) => !kept));
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
