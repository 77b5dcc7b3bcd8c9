/** Work that is done again and again. */
interface Periodic {
  /** From the end of one time to the next, in milliseconds; 0 = it is never done. */
  everyMs: number;
  /** Before the first time, in milliseconds. @default `everyMs` */
  firstMs?: number;
  work(): Promise<unknown>;
  /**
   * Called when the work failed, unless the task was closed.
   * @param isFirst whether the time before did not fail, so that a state is one line of a log
   */
  failed(reason: string, isFirst: boolean): void;
}

/**
 * Does its work one at a time. States: waiting (for the next time), working, resting (while others do what it must not
 * run beside), closed. Keeps no process alive.
 */
export class PeriodicTask {
  readonly #periodic: Periodic;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #at = Number.POSITIVE_INFINITY;
  #isFailing = false;
  /** How many wait for it to rest, or work while it does. */
  #resting = 0;

  constructor(periodic: Periodic) {
    this.#periodic = periodic;
    const { everyMs, firstMs = everyMs } = periodic;
    if (everyMs > 0) this.startIn(firstMs);
  }

  /** Aborted when the task is closed: what the work waits for may end then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Sets the next time, unless it is earlier already. */
  startIn(ms: number): void {
    const at = Date.now() + ms;
    if (this.closing.aborted || this.#resting > 0 || at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#running ??= this.#round();
    }, ms).unref();
  }

  /** Does something else while the work rests. */
  async without<T>(other: () => Promise<T>): Promise<T> {
    this.#resting++;
    this.#stopTimer();
    try {
      await this.#running;
      return await other();
    } finally {
      this.#resting--;
      this.#startAgain();
    }
  }

  /** Resolves when the work that is under way has ended; none begins after. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopTimer();
    await this.#running;
  }

  async #round(): Promise<void> {
    const { work, failed } = this.#periodic;
    try {
      await work();
      this.#isFailing = false;
    } catch (error) {
      if (!this.closing.aborted) failed(reasonOf(error), !this.#isFailing);
      this.#isFailing = true;
    } finally {
      this.#running = undefined;
      this.#startAgain();
    }
  }

  #startAgain(): void {
    if (this.#periodic.everyMs > 0) this.startIn(this.#periodic.everyMs);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);
