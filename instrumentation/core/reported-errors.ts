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
   * one that ran inside that attempt.
   */
  reporterOf(error: unknown, inside?: NodeAttempt): NodeAttempt | undefined {
    const within = (by: NodeAttempt | undefined) =>
      by && (!inside || by.ranInside(inside)) ? by : undefined;
    if (typeof error !== 'object' || error === null) {
      const last = this.#primitive;
      return last?.value === error ? within(last?.by) : undefined;
    }
    const by = this.#by.get(error);
    if (by) return within(by);
    const members = readProperty(error, 'errors');
    if (!Array.isArray(members) || members.length === 0) return undefined;
    const reporters = members.map((member) => this.reporterOf(member, inside));
    return reporters.every((reporter) => reporter !== undefined) ? reporters[0] : undefined;
  }
}
