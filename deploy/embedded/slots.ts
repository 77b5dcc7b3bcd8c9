/** How many statements run at once in each lane, and who waits. */
import { ClickHouseException, ErrorCode } from './exception.ts';
import { LANE_SLOTS, type Lane, QUEUE_LENGTH } from './limits.ts';

interface Waiting {
  start: () => void;
}

/**
 * A slot is free, or taken by a running statement. A request that finds none free waits in its
 * lane's queue (first come, first served), leaves it when its client goes away, and is refused
 * with code 202 when the queue is full. Lanes never lend slots: slow queries take none of the
 * inserts'.
 */
export class Slots {
  #free: Record<Lane, number> = { ...LANE_SLOTS };
  #queues: Record<Lane, Waiting[]> = { read: [], write: [], insert: [] };
  #idle: (() => void)[] = [];

  /**
   * Waits for a slot and takes it; the caller gives it back with {@link Slots.leave}.
   * @throws ClickHouseException 202 when too many wait already, 236 when `signal` aborts first.
   */
  async enter(lane: Lane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free[lane] > 0) {
      this.#free[lane] -= 1;
      return;
    }
    const queue = this.#queues[lane];
    if (queue.length >= QUEUE_LENGTH) {
      throw new ClickHouseException(
        ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES,
        `Too many simultaneous queries. ${LANE_SLOTS[lane]} run and ${QUEUE_LENGTH} wait; try again.`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(new ClickHouseException(ErrorCode.ABORTED, 'The client went away.'));
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(waiting);
    });
  }

  leave(lane: Lane): void {
    const next = this.#queues[lane].shift();
    if (next) {
      next.start();
      return;
    }
    this.#free[lane] += 1;
    if (this.#allFree()) for (const done of this.#idle.splice(0)) done();
  }

  /** Resolves once nothing runs or waits. */
  drained(): Promise<void> {
    if (this.#allFree()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #allFree(): boolean {
    return (Object.keys(LANE_SLOTS) as Lane[]).every(
      (lane) => this.#free[lane] === LANE_SLOTS[lane],
    );
  }
}
