// Keeps answers for a short while, so that a question asked inline need not wait for the store.
import { forOthersToo } from '../../base/asker.ts';
import { notePartial, notingPartial, type PartialAnswer } from '../../base/partial.ts';

/** A kept answer and how old it is. */
export interface Aged<T> {
  value: T;
  /** Milliseconds since it was asked for. */
  age: number;
}

interface Entry<T> {
  value: T;
  at: number;
  /** What is missing in it; then it is not kept. */
  partial: PartialAnswer | undefined;
}

/** Milliseconds for which an answer is not asked for again. */
const FRESH_MS = 10_000;
/** Answers kept; those not used for longest go first. */
const ENTRIES = 500;

/**
 * An answer is fresh, then ageing, then gone. A fresh one is given out. An ageing one is given out
 * too, and requested again in the background, one key at a time so that it costs the store
 * little. A caller that wants a younger one waits for the store, together with all who want the same.
 */
export class AgedCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #loading = new Map<string, Promise<Entry<T>>>();
  readonly #clock: () => number;
  #renewing = false;

  /** @param clock milliseconds that only grow */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * @param maxAge milliseconds; older answers are not given out
   * @throws whatever `load` throws when there is no answer that is young enough
   */
  async get(key: string, maxAge: number, load: () => Promise<T>): Promise<Aged<T>> {
    const kept = this.#entries.get(key);
    const age = kept ? this.#clock() - kept.at : Number.POSITIVE_INFINITY;
    if (!kept || age >= maxAge) {
      const { value, at, partial } = await this.#load(key, load);
      if (partial) notePartial(partial);
      return { value, age: this.#clock() - at };
    }
    this.#entries.delete(key);
    this.#entries.set(key, kept);
    if (age > FRESH_MS) this.#renew(key, load);
    return { value: kept.value, age };
  }

  #renew(key: string, load: () => Promise<T>): void {
    if (this.#renewing) return;
    this.#renewing = true;
    const done = () => {
      this.#renewing = false;
    };
    // When it fails, the next one who asks for a younger answer hears of it.
    this.#load(key, load).then(done, done);
  }

  #load(key: string, load: () => Promise<T>): Promise<Entry<T>> {
    const underWay = this.#loading.get(key);
    if (underWay) return underWay;
    const at = this.#clock();
    const loading = notingPartial(() => forOthersToo(load))
      .then(({ result, partial }) => {
        if (result.status === 'rejected') throw result.reason;
        const entry = { value: result.value, at, partial };
        if (partial) return entry;
        this.#entries.delete(key);
        this.#entries.set(key, entry);
        const [oldest] = this.#entries.keys();
        if (this.#entries.size > ENTRIES) this.#entries.delete(oldest!);
        return entry;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }
}
