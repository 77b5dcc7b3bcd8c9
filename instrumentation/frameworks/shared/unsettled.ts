// Failures inside a subgraph, whose end is that of the node around it.
import type { NodeAttempt } from '../../core/attempt.ts';
import type { FailureDisposition } from '../../semconv/attributes.ts';
import { settle } from './undecided.ts';

/** Failures inside subgraphs, by the attempt of the node around them. */
export class UnsettledFailures {
  readonly #waiting = new Map<NodeAttempt, NodeAttempt[]>();

  add(around: NodeAttempt, failed: NodeAttempt): void {
    this.#waiting.set(around, [...(this.#waiting.get(around) ?? []), failed]);
  }

  /** The attempt `around` ended: the failures inside it ended the same way. */
  settle(around: NodeAttempt, disposition: FailureDisposition): void {
    const inner = this.#waiting.get(around) ?? [];
    this.#waiting.delete(around);
    for (const failed of inner) {
      settle(failed, disposition);
      this.settle(failed, disposition);
    }
  }

  settleAll(disposition: FailureDisposition): void {
    for (const around of [...this.#waiting.keys()]) this.settle(around, disposition);
  }
}
