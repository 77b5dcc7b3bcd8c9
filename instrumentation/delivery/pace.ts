// How fast and how much is sent at a time, as the receiver's answers have it.

const MAX_BATCH_SPANS = 512;
const MAX_PAUSE_MS = 30_000;
/** What a receiver may ask for with `Retry-After`: `0` would be a storm. */
const MIN_REQUESTED_PAUSE_MS = 100;
const MAX_REQUESTED_PAUSE_MS = 300_000;

/** Steady, or paused after a request that failed for now. */
export class Pace {
  readonly #firstPauseMs: number;
  #backOffMs = 0;
  #pauseMs = 0;
  #spans = MAX_BATCH_SPANS;

  /** @param firstPauseMs doubles with each failure up to 30 s */
  constructor(firstPauseMs: number) {
    this.#firstPauseMs = firstPauseMs;
  }

  /** Milliseconds before the next request; 0 unless the last one failed for now. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** The most spans of the next request. */
  get spans(): number {
    return this.#spans;
  }

  /** A request was taken. */
  taken(): void {
    this.#pauseMs = 0;
    this.#backOffMs = 0;
    this.#spans = MAX_BATCH_SPANS;
  }

  /** A request failed, and the same may be taken later. */
  failed(requestedMs: number | undefined): void {
    this.#backOffMs = Math.min(this.#backOffMs * 2 || this.#firstPauseMs, MAX_PAUSE_MS);
    // Spread, so that the processes of a service do not come back all at once.
    const spreadMs = this.#backOffMs * (0.8 + 0.4 * Math.random());
    this.#pauseMs =
      requestedMs === undefined
        ? spreadMs
        : Math.min(Math.max(requestedMs, MIN_REQUESTED_PAUSE_MS), MAX_REQUESTED_PAUSE_MS);
  }

  /** A request of so many spans was refused for good: the next is half of it, to find which one is. */
  refused(spans: number): void {
    this.#pauseMs = 0;
    this.#spans = Math.max(1, Math.ceil(spans / 2));
  }
}
