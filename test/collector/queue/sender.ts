// Sends failures and remembers which were acknowledged.
import { randomBytes } from 'node:crypto';
import { failureId } from '../../../collector/index.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';

export interface Sender {
  sent: Set<string>;
  acknowledged: Set<string>;
  /** Resolves when so many more were acknowledged. */
  acknowledge(more: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Sends from several sides at once until it is stopped, a few failures a request; what was not
 * acknowledged is not sent again.
 * @param url where to send now; asked before each request
 */
export function startSender(url: () => string, { agent = 'a', sides = 4 } = {}): Sender {
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  let waiting: { target: number; resolve: () => void }[] = [];
  let stopped = false;
  const side = async (): Promise<void> => {
    while (!stopped) {
      const spans = Array.from({ length: 3 }, () => ({
        ...failedAttempt(agent),
        traceId: randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
      }));
      const ids = spans.map(({ traceId, spanId }) => failureId(traceId, spanId));
      for (const id of ids) sent.add(id);
      try {
        await sendSpans(url(), spans);
        for (const id of ids) acknowledged.add(id);
        for (const { target, resolve } of waiting) if (acknowledged.size >= target) resolve();
        waiting = waiting.filter(({ target }) => acknowledged.size < target);
      } catch {
        // Not acknowledged: it may be stored or not.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  const running = Promise.all(Array.from({ length: sides }, side));
  return {
    sent,
    acknowledged,
    acknowledge: (more) =>
      new Promise((resolve) => waiting.push({ target: acknowledged.size + more, resolve })),
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
