// Requests in any order: the batches of runs mixed, and some of those that were sent already.

import type { Random } from './random.ts';
import { makeRequest, makeRunRequests, type Request } from './requests.ts';

/** Requests that wait to be sent in any order. */
const MIXED = 40;
/** Requests that may be sent again. */
const KEPT = 2_000;
/** How many of all are. */
const AGAIN = 0.2;
const AGENTS = 20;
/** Requests whose spans do not tell when they were. */
const TIMELESS = 40;

export class Traffic {
  /** Requests that were sent again. */
  again = 0;
  readonly #random: Random;
  readonly #mixed: Request[] = [];
  readonly #sent: Request[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Request {
    const random = this.#random;
    if (this.#sent.length > 0 && random.next() < AGAIN) {
      this.again++;
      return this.#sent[random.int(0, this.#sent.length)]!;
    }
    while (this.#mixed.length < MIXED) {
      const agent = `agent-${random.int(1, AGENTS + 1)}`;
      this.#mixed.push(
        ...(random.next() < 0.5 ? makeRunRequests({ agent }) : [makeRequest({ agent })]),
      );
    }
    const [request] = this.#mixed.splice(random.int(0, this.#mixed.length), 1);
    // One that is older makes room.
    if (this.#sent.length < KEPT) this.#sent.push(request!);
    else this.#sent[random.int(0, KEPT)] = request!;
    return request!;
  }

  /** Those that may have been sent. */
  sent(): Request[] {
    return [...this.#sent];
  }
}

/** The same few requests without times, again and again. */
export function timeless(random: Random): () => Request {
  const agent = `timeless-${random.int(0, 1_000_000)}`;
  const requests = Array.from({ length: TIMELESS }, () => makeRequest({ agent, timed: false }));
  return () => requests[random.int(0, TIMELESS)]!;
}
