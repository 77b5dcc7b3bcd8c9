// One evaluation of all conditions of an attempt or a run.
//
// It is open, then decided: at once if a condition fires at once or all have answered, else when the
// first one fires, all have answered, or the time is over. What comes later changes nothing.
import { isThenable } from '../core/exception.ts';
import type { CheckContext, Evidence, FailureCondition, Verdict } from './types.ts';

/** A condition that fired. */
export interface Finding {
  readonly condition: FailureCondition<never>;
  readonly evidence: Evidence | undefined;
}

/** Why a condition gave no verdict: what it threw, or that it took too long. */
export type Fault = { readonly error: unknown } | { readonly timeoutMs: number };

/** Called when a condition gives no verdict. */
export type OnFault = (condition: FailureCondition<never>, fault: Fault) => void;

const SEVERITIES = ['critical', 'major', 'minor', 'warning'];

export class Evaluation<C extends CheckContext> {
  readonly #timeoutMs: number;
  readonly #onFault: OnFault;
  #abort: AbortController | undefined;
  readonly #findings: Finding[] = [];
  readonly #waiting = new Set<FailureCondition<C>>();
  #decided: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #open = true;
  #started = 0;

  constructor(timeoutMs: number, onFault: OnFault) {
    this.#timeoutMs = timeoutMs;
    this.#onFault = onFault;
  }

  /** Aborted once it is decided. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (!this.#open) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Whether a verdict is still waited for. */
  get open(): boolean {
    return this.#open;
  }

  /** What fired, the worst first. */
  get findings(): readonly Finding[] {
    const rank = ({ condition }: Finding) => SEVERITIES.indexOf(condition.severity);
    return this.#findings.toSorted((one, other) => rank(one) - rank(other));
  }

  /** Conditions whose verdict was not waited for because another had fired. */
  get undecided(): readonly string[] {
    return [...this.#waiting].map(({ name }) => name);
  }

  /** Asks every condition. `decided` is called once, at once or later. */
  start(conditions: readonly FailureCondition<C>[], context: C, decided: () => void): void {
    this.#decided = decided;
    this.#started = performance.now();
    for (const condition of conditions) {
      // A condition cannot be stopped; those behind one that took all the time are not begun.
      if (performance.now() - this.#started > this.#timeoutMs) this.#late(condition);
      else this.#ask(condition, context);
    }
    if (this.#findings.length > 0 || this.#waiting.size === 0) {
      this.#decide();
      return;
    }
    const rest = this.#timeoutMs - (performance.now() - this.#started);
    this.#timer = setTimeout(() => this.decideNow(), Math.max(0, rest)).unref();
  }

  /** Ends the waiting: what has not answered by now is late. */
  decideNow(): void {
    if (!this.#open) return;
    const late = [...this.#waiting];
    this.#waiting.clear();
    for (const condition of late) this.#late(condition);
    this.#decide();
  }

  #ask(condition: FailureCondition<C>, context: C): void {
    try {
      const verdict = condition.when(context);
      if (!isThenable(verdict)) {
        this.#take(condition, verdict);
        return;
      }
      this.#waiting.add(condition);
      Promise.resolve(verdict).then(
        (late) => this.#answered(condition, () => this.#take(condition, late)),
        (error) => this.#answered(condition, () => this.#onFault(condition, { error })),
      );
    } catch (error) {
      this.#onFault(condition, { error });
    }
  }

  #answered(condition: FailureCondition<C>, take: () => void): void {
    if (!this.#open) return;
    this.#waiting.delete(condition);
    take();
    if (this.#findings.length > 0 || this.#waiting.size === 0) this.#decide();
  }

  #take(condition: FailureCondition<C>, verdict: Verdict): void {
    if (!verdict) return;
    this.#findings.push({ condition, evidence: verdict === true ? undefined : verdict });
  }

  #late(condition: FailureCondition<C>): void {
    // Less than the bound if the process ends.
    const waitedMs = Math.round(performance.now() - this.#started);
    this.#onFault(condition, { timeoutMs: Math.min(waitedMs, this.#timeoutMs) });
  }

  #decide(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#timer);
    const decided = this.#decided;
    this.#decided = undefined;
    decided?.();
    this.#abort?.abort();
  }
}
