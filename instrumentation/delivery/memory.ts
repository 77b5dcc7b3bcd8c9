// What a queue holds in memory, in bytes: spans that must not be lost, and others.
import { takeBatch, type Waiting } from './batch.ts';
import { Line } from './line.ts';

/** Two lines that share one bound; what is in flight counts until it is released. */
export class Memory {
  readonly #maxBytes: number;
  readonly #kept = new Line<Waiting>();
  readonly #others = new Line<Waiting>();
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
    let count = 0;
    while (!this.fits(bytes)) {
      const oldest = this.#others.shift();
      if (!oldest) break;
      this.#bytes -= oldest.bytes;
      count += 1;
    }
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
    const all = [this.#kept, this.#others];
    return all.flatMap((line) => Array.from({ length: line.length }, () => line.shift()!));
  }

  /** What was taken comes back to the front. */
  putBack(batch: readonly Waiting[]): void {
    this.#kept.unshift(batch.filter(({ kept }) => kept));
    this.#others.unshift(batch.filter(({ kept }) => !kept));
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
