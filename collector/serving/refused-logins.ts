// Says in the log that callers were refused, without letting them fill it.
import type { Logger } from 'pino';
import { Counts, type Sample } from './measure.ts';

const LOG_EVERY_MS = 60_000;

/** Counts callers without a known token or without the right; the first is logged at once, more once a minute. */
export class RefusedLogins {
  private readonly logger: Logger;
  private readonly everyMs: number;
  private readonly counted = new Counts();
  private sinceLog = 0;
  private last: { door: string; from: string } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, everyMs = LOG_EVERY_MS) {
    this.logger = logger;
    this.everyMs = everyMs;
  }

  /**
   * @param door where it was tried
   * @param from address of the caller
   */
  note(door: string, from: string): void {
    this.counted.add(door);
    this.sinceLog++;
    this.last = { door, from };
    if (this.timer === undefined) this.log();
  }

  samples(): Sample[] {
    return this.counted.samples('door');
  }

  get total(): number {
    return this.samples().reduce((sum, [, count]) => sum + count, 0);
  }

  /** Logs what was not logged yet. */
  close(): void {
    if (this.sinceLog > 0) this.log();
    clearTimeout(this.timer);
  }

  private log(): void {
    this.logger.warn(
      { refused: this.sinceLog, ...this.last },
      'callers without a valid token were refused',
    );
    this.sinceLog = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.sinceLog > 0) this.log();
    }, this.everyMs);
    this.timer.unref();
  }
}
