// First in, first out. Unlike with a list, what leaves at the front does not move all that waits behind
// it: with the collector away that would be tens of thousands for each span.

/** Emptied places at the front that are not worth moving the rest for. */
const MIN_GAP = 1024;

export class Line<T> {
  #items: (T | undefined)[];
  /** Where the first that still waits stands. */
  #first = 0;

  constructor(items: readonly T[] = []) {
    this.#items = [...items];
  }

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The one that leaves next. */
  get next(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.next;
    if (this.#first === this.#items.length) return undefined;
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.#first > MIN_GAP && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Puts these before all others, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#first)];
    this.#first = 0;
  }
}
