// A line of the log for what may happen often, without letting it fill the log.

const EVERY_MS = 60_000;

/** The first is logged at once, those that follow once a minute with their number. */
export class RepeatedLine<T extends object> {
  readonly #write: (count: number, last: T) => void;
  readonly #everyMs: number;
  #count = 0;
  #last: T | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param write is called with how many there were since it was called last, and the last of them
   * @param everyMs between two calls, in milliseconds
   */
  constructor(write: (count: number, last: T) => void, everyMs = EVERY_MS) {
    this.#write = write;
    this.#everyMs = everyMs;
  }

  note(last: T): void {
    this.#count++;
    this.#last = last;
    if (this.#timer === undefined) this.#log();
  }

  /** Logs what was not logged yet. */
  close(): void {
    if (this.#count > 0) this.#log();
    clearTimeout(this.#timer);
  }

  #log(): void {
    this.#write(this.#count, this.#last!);
    this.#count = 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#count > 0) this.#log();
    }, this.#everyMs).unref();
  }
}
