// Says in the log that callers were refused, without letting them fill it.
import type { Logger } from 'pino';
import { Counts, type Sample } from './measure.ts';
import { RepeatedLine } from './repeated-line.ts';

/** Counts callers without a known token or without the right; the first is logged at once, more once a minute. */
export class RefusedLogins {
  readonly #counted = new Counts();
  readonly #line: RepeatedLine<{ door: string; from: string }>;

  /** @param everyMs between two lines, in milliseconds. @default a minute */
  constructor(logger: Logger, everyMs?: number) {
    this.#line = new RepeatedLine(
      (refused, last) =>
        logger.warn({ refused, ...last }, 'callers without a valid token were refused'),
      everyMs,
    );
  }

  /**
   * @param door where it was tried
   * @param from address of the caller
   */
  note(door: string, from: string): void {
    this.#counted.add(door);
    this.#line.note({ door, from });
  }

  samples(): Sample[] {
    return this.#counted.samples('door');
  }

  get total(): number {
    return this.samples().reduce((sum, [, count]) => sum + count, 0);
  }

  /** Logs what was not logged yet. */
  close(): void {
    this.#line.close();
  }
}
