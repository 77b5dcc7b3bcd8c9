// Failed operations that may still turn out to be why their agent failed: that is reported once, by the agent.
// Those that turn out otherwise are reported as operations.
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { beforeTheEnd } from '../../delivery/ending.ts';
import { type FailedOperation, type OperationPlace, reportOperation } from '../shared/operation.ts';

const waiting = new Set<Held>();

beforeTheEnd(() => {
  for (const held of waiting) guarded(() => held.release('terminal'), undefined);
});

/** The failed operations of one place. */
export class Held {
  readonly #place: OperationPlace;
  #operations: FailedOperation[] = [];

  constructor(place: OperationPlace) {
    this.#place = place;
  }

  /** Keeps an operation until the run fails with it, or goes on. */
  add(operation: FailedOperation): void {
    this.#operations.push(operation);
    waiting.add(this);
    if (operation.kind !== 'chat') return;
    // A run that ends by it does so before the event loop turns; one that waits tries again.
    setImmediate(() => {
      guarded(() => this.#reportIfHeld(operation), undefined);
    });
  }

  /** The operation that failed with this error, which is reported elsewhere then. */
  take(error: unknown): FailedOperation | undefined {
    const message = readProperty(error, 'message');
    const same = (other: unknown) =>
      other === error || (message !== undefined && readProperty(other, 'message') === message);
    const found = this.#operations.findLast((operation) => same(operation.error));
    if (found) this.#drop(found);
    return found;
  }

  /** The run goes on without what they should have given. */
  release(disposition: 'degraded' | 'terminal' = 'degraded'): void {
    const operations = this.#operations;
    this.#operations = [];
    waiting.delete(this);
    for (const operation of operations) reportOperation(this.#place, { ...operation, disposition });
  }

  #reportIfHeld(operation: FailedOperation): void {
    if (!this.#operations.includes(operation)) return;
    this.#drop(operation);
    reportOperation(this.#place, { ...operation, disposition: 'retried' });
  }

  #drop(operation: FailedOperation): void {
    this.#operations = this.#operations.filter((other) => other !== operation);
    if (this.#operations.length === 0) waiting.delete(this);
  }
}
