// Which node attempt reported an error, so that the spans around it do not report it again.
import type { NodeAttempt } from './attempt.ts';
import { readProperty } from './exception.ts';

export class ReportedErrors {
  /** The last attempt that reported it. */
  readonly #by = new WeakMap<object, NodeAttempt>();
  /** A thrown text or number has no identity; the last one stands for itself. */
  #primitive: { readonly value: unknown; readonly by: NodeAttempt } | undefined;

  add(error: unknown, by: NodeAttempt): void {
    if (typeof error === 'object' && error !== null) this.#by.set(error, by);
    else this.#primitive = { value: error, by };
  }

  /**
   * The attempt that reported the error, or every error under an AggregateError; with `inside`, only
   * one that ran inside that attempt. Each error is looked at once, however often it is a member.
   */
  reporterOf(error: unknown, inside?: NodeAttempt): NodeAttempt | undefined {
    let first: NodeAttempt | undefined;
    const seen = new Set<unknown>([error]);
    for (const one of seen) {
      const by = this.#reporter(one);
      if (by) {
        if (inside && !by.ranInside(inside)) return undefined;
        first ??= by;
        continue;
      }
      const members = readProperty(one, 'errors');
      if (!Array.isArray(members) || members.length === 0) return undefined;
      // A set is walked in the order of its members, those that are added on the way included.
      for (let index = 0; index < members.length; index += 1)
        seen.add(readProperty(members, index));
    }
    return first;
  }

  #reporter(error: unknown): NodeAttempt | undefined {
    if (typeof error === 'object' && error !== null) return this.#by.get(error);
    return this.#primitive?.value === error ? this.#primitive?.by : undefined;
  }
}
