// Brings alerts to one receiver, until each was taken or is given up.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Delivery, Due, Pending } from './log.ts';
import { SendError } from './send.ts';
import { Waiting } from './waiting.ts';

/** Milliseconds. */
export interface Patience {
  /** Before the second try; each further pause is twice as long. @default 1,000 */
  firstMs: number;
  /** The longest pause. @default 600,000 */
  longestMs: number;
  /** After which an alert is given up. @default 86,400,000 */
  giveUpMs: number;
}

export const usualPatience: Patience = {
  firstMs: 1_000,
  longestMs: 600_000,
  giveUpMs: 86_400_000,
};

interface CourierParts {
  receiver: string;
  send(delivery: Delivery, signal: AbortSignal): Promise<void>;
  /** Resolves when the delivery is stored as it is. */
  save(delivery: Delivery): Promise<void>;
  /** Reads what is stored as pending. */
  pending(limit: number): Promise<Pending>;
  /** Deliveries that are held in memory at most. @default 1,000 */
  most?: number;
  patience: Patience;
  logger: Logger;
}

export interface CourierStats {
  pending: number;
  sent: number;
  /** Tries that failed. */
  failedTries: number;
  givenUp: number;
}

/** Before ClickHouse is asked again that did not answer, in milliseconds. */
const AGAIN_MS = 1_000;
const MAX_REASON = 500;

/**
 * States of an alert: pending (waits until it is due), in a try (one at a time), sent or failed (stored,
 * then forgotten). It leaves only when what became of it is stored: after a crash in between it is sent
 * again, with the same id.
 */
export class Courier {
  readonly #parts: CourierParts;
  readonly #waiting: Waiting;
  readonly #ending = new AbortController();
  readonly #counted = { sent: 0, failedTries: 0, givenUp: 0 };
  /** The receiver asked to be left alone until then. */
  #notBefore = 0;
  #isFailing = false;
  /** ClickHouse did not answer what waits. */
  #isUnread = false;
  #isClosing = false;
  #wake: () => void = () => {};
  readonly #work: Promise<void>;

  constructor(parts: CourierParts) {
    this.#parts = parts;
    this.#waiting = new Waiting(parts.pending, parts.most);
    this.#work = this.#run();
  }

  /** Call it before deliveries are stored, and what it returns when they are, or they may be sent twice. */
  toStore(): (deliveries: readonly Delivery[]) => void {
    const { readings } = this.#waiting;
    return (deliveries) => {
      this.#waiting.add(deliveries, readings);
      this.#wake();
    };
  }

  /** Goes on with what is stored as pending. */
  readAgain(): void {
    this.#waiting.readAgain();
    this.#wake();
  }

  stats(): CourierStats {
    return { ...this.#counted, pending: this.#waiting.count };
  }

  /** Ends after the try that goes on, or breaks it off after `graceMs`; what waits stays stored. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    const timer = setTimeout(() => this.#ending.abort(), graceMs);
    await this.#work;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      const pause = Math.max(this.#waiting.dueAt, this.#notBefore) - Date.now();
      const next = pause > 0 ? await this.#idle(pause) : await this.#next();
      if (next && !this.#isClosing) await this.#try(next);
    }
  }

  /** The one that is to be tried now, unless what is due cannot be read. */
  async #next(): Promise<Due | undefined> {
    const { logger, receiver } = this.#parts;
    try {
      const next = await this.#waiting.next();
      this.#isUnread = false;
      return next;
    } catch (error) {
      const reason = (error as Error).message;
      if (!this.#isUnread) logger.warn({ receiver, reason }, 'what waits cannot be read now');
      this.#isUnread = true;
      await this.#idle(AGAIN_MS);
      return undefined;
    }
  }

  /** Until something is added, or the time is over. */
  async #idle(ms: number): Promise<undefined> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms < Number.POSITIVE_INFINITY) timer = setTimeout(resolve, ms).unref();
    });
    clearTimeout(timer);
    this.#wake = () => {};
  }

  async #try(due: Due): Promise<void> {
    const { receiver, send, logger } = this.#parts;
    const { delivery } = due;
    const { signal } = this.#ending;
    try {
      await send(delivery, signal);
      delivery.status = 'sent';
      delivery.last_error = '';
      this.#counted.sent++;
      if (this.#isFailing) logger.info({ receiver }, 'alerts reach the receiver again');
      this.#isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(due, error);
    }
    delivery.tries++;
    delivery.revision++;
    delivery.updated_at = new Date().toISOString();
    if (await this.#saved(delivery)) {
      if (delivery.status !== 'pending') this.#waiting.delete(delivery);
    }
  }

  #failed(due: Due, error: unknown): void {
    const { receiver, patience, logger } = this.#parts;
    const { delivery } = due;
    const reason = (error as Error).message.slice(0, MAX_REASON);
    const { retryAfterMs, isFinal } =
      error instanceof SendError ? error : { retryAfterMs: 0, isFinal: false };
    this.#counted.failedTries++;
    delivery.last_error = reason;
    const now = Date.now();
    if (isFinal || now - Date.parse(delivery.timestamp) >= patience.giveUpMs) {
      delivery.status = 'failed';
      this.#counted.givenUp++;
      const { alert_id, tries } = delivery;
      logger.error({ receiver, alert_id, tries: tries + 1, reason }, 'an alert is given up');
      return;
    }
    if (!this.#isFailing) {
      logger.warn({ receiver, reason }, 'alerts wait: the receiver does not take them');
    }
    this.#isFailing = true;
    due.dueAt = now + pauseAfter(delivery.tries, patience);
    if (retryAfterMs > 0) this.#notBefore = now + retryAfterMs;
  }

  /** Stores what became of a try, however long that takes; false when it has to end before. */
  async #saved(delivery: Delivery): Promise<boolean> {
    const { save, logger, receiver } = this.#parts;
    for (let isFirst = true; ; isFirst = false) {
      try {
        await save(delivery);
        return true;
      } catch (error) {
        const reason = (error as Error).message;
        if (isFirst) logger.warn({ receiver, reason }, 'what was sent cannot be stored now');
        if (this.#isClosing) return false;
        await wait(AGAIN_MS, undefined, { ref: false });
      }
    }
  }
}

/** Twice as long each time, by up to a fifth longer so that many do not come at once. */
function pauseAfter(tries: number, { firstMs, longestMs }: Patience): number {
  return Math.min(firstMs * 2 ** tries, longestMs) * (1 + Math.random() / 5);
}
