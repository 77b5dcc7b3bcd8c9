// The conditions of one run at work: asks them after nodes and after the run, and waits for the late
// ones without holding up the app.
import type { Span } from '@opentelemetry/api';
import type { FailureDetails } from '../core/attempt.ts';
import { guarded } from '../core/guard.ts';
import { beforeTheEnd } from '../delivery/ending.ts';
import type { FailureSeverity, GraphRunOutcome } from '../semconv/attributes.ts';
import type { ConditionsOfRun } from './attach.ts';
import { Evaluation, type Fault } from './evaluation.ts';
import { type ConditionFailure, failureOf, type Judged } from './failure.ts';
import { describeFault, mayReport } from './fault.ts';
import type {
  EarlierOutput,
  FailureCondition,
  NodeContext,
  RunContext,
  RunFacts,
} from './types.ts';
import { usageOf } from './usage.ts';

/** What conditions need of their run. */
export interface RunOfChecks {
  facts(): RunFacts;
  /** How many node attempts failed. */
  readonly failures: number;
  end(
    outcome: GraphRunOutcome | undefined,
    failure: ({ error: unknown } & FailureDetails) | undefined,
    endTime: number | undefined,
  ): void;
  tellFault(name: string, fault: ConditionFailure, inside: Span | undefined): void;
}

/** What conditions need of a node attempt. */
export interface AttemptOfChecks {
  readonly span: Span;
  readonly nodeId: string;
  readonly attempt: number;
  readonly visit: number;
  readonly maxAttempts: number | undefined;
  readonly durationMs: number;
  succeed(): void;
  hold(): void;
  conclude(failure: ConditionFailure | undefined): void;
}

/** What a node got and gave. */
export interface Returned {
  readonly input?: unknown;
  readonly output: unknown;
  /** Of this node alone. */
  readonly conditions?: readonly FailureCondition<NodeContext>[] | undefined;
}

const MAX_NODES = 1000;
const NO_CONDITIONS: readonly FailureCondition<NodeContext>[] = [];
/** How a run ended whose worst condition is of this severity. */
const OUTCOME_OF = {
  critical: 'failure',
  major: 'failure',
  minor: 'degraded',
  warning: 'degraded',
} as const satisfies Record<FailureSeverity, GraphRunOutcome>;

/** Over the whole process, so that none is lost when it ends. */
const pending = new Set<{ decideNow(): void }>();
beforeTheEnd(() => {
  for (const evaluation of pending) evaluation.decideNow();
});

export class RunChecks {
  readonly #run: RunOfChecks;
  readonly #conditions: ConditionsOfRun;
  readonly #earlier = new Map<string, EarlierOutput[]>();
  #waiting = 0;
  readonly #afterwards: (() => void)[] = [];

  constructor(run: RunOfChecks, conditions: ConditionsOfRun) {
    this.#run = run;
    this.#conditions = conditions;
  }

  /** Asks the conditions of a node that returned, and concludes its attempt. */
  node(attempt: AttemptOfChecks, given: Returned): void {
    const { output, input, conditions: own } = given;
    const conditions =
      this.#conditions.none && !own?.length
        ? NO_CONDITIONS
        : this.#conditions.ofNode(attempt.nodeId, own);
    if (conditions.length === 0) {
      attempt.succeed();
      return;
    }
    const { nodeId, visit, maxAttempts, durationMs } = attempt;
    const facts = {
      output,
      input,
      nodeId,
      attempt: attempt.attempt,
      maxAttempts,
      visit,
      earlier: [...(this.#earlier.get(nodeId) ?? [])],
      durationMs,
      usage: usageOf(attempt),
      run: this.#run.facts(),
    };
    this.#evaluate<NodeContext>(conditions, facts, attempt, (judged) => {
      attempt.conclude(judged.findings.length > 0 ? failureOf(judged, given) : undefined);
    });
    this.#keep(conditions, attempt, output);
  }

  /** Asks the conditions of the run once those of its nodes have answered, and ends it. */
  run(output: unknown, outcome: GraphRunOutcome | undefined): void {
    const isOver = outcome !== 'paused' && outcome !== 'cancelled';
    const conditions = isOver && !this.#conditions.none ? this.#conditions.ofRun() : [];
    if (conditions.length === 0) {
      this.#run.end(outcome, undefined, undefined);
      return;
    }
    // Stays unset for verdicts that come at once: then the span ends when it ends.
    let endTime: number | undefined;
    this.afterwards(() => {
      const run = this.#run.facts();
      const { durationMs, usage } = run;
      const facts = { output, outcome, durationMs, usage, run, failures: this.#run.failures };
      this.#evaluate<RunContext>(conditions, facts, undefined, (judged) => {
        const failure = judged.findings.length > 0 ? failureOf(judged, { output }) : undefined;
        const told = failure && { ...failure.details, error: failure.error };
        this.#run.end(outcome ?? (told && OUTCOME_OF[told.severity ?? 'major']), told, endTime);
      });
    });
    endTime = Date.now();
  }

  /** Calls `work` when no verdict is waited for any more: now, if that is so. */
  afterwards(work: () => void): void {
    if (this.#waiting === 0) work();
    else this.#afterwards.push(work);
  }

  #evaluate<C extends NodeContext | RunContext>(
    conditions: readonly FailureCondition<C>[],
    facts: Omit<C, 'signal'>,
    attempt: AttemptOfChecks | undefined,
    judged: (found: Judged) => void,
  ): void {
    const evaluation = new Evaluation<C>(this.#conditions.timeoutMs, (condition, fault) => {
      guarded(() => this.#report(condition, fault, attempt), undefined);
    });
    const context = Object.defineProperty({ ...facts }, 'signal', {
      get: () => evaluation.signal,
      enumerable: true,
    }) as C;
    let isLate = false;
    evaluation.start(conditions, context, () => {
      guarded(() => judged(evaluation), undefined);
      if (isLate) this.#answered(evaluation);
    });
    if (!evaluation.open) return;
    isLate = true;
    attempt?.hold();
    this.#waiting += 1;
    pending.add(evaluation);
  }

  #report(
    condition: FailureCondition<never>,
    fault: Fault,
    attempt: AttemptOfChecks | undefined,
  ): void {
    const { agentId } = this.#run.facts();
    const unsaid = mayReport(condition.name, agentId, attempt?.nodeId);
    if (unsaid === undefined) return;
    const told = describeFault(condition, fault, unsaid, attempt?.nodeId);
    this.#run.tellFault(condition.name, told, attempt?.span);
  }

  #answered(evaluation: { decideNow(): void }): void {
    pending.delete(evaluation);
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    for (const work of this.#afterwards.splice(0)) work();
  }

  #keep(
    conditions: readonly FailureCondition<NodeContext>[],
    { nodeId, attempt, visit }: AttemptOfChecks,
    output: unknown,
  ): void {
    const wanted = Math.max(0, ...conditions.map(({ history }) => history));
    if (wanted === 0) return;
    const kept = this.#earlier.get(nodeId) ?? [];
    if (kept.length === 0 && this.#earlier.size >= MAX_NODES) return;
    kept.push({ attempt, visit, output });
    if (kept.length > wanted) kept.splice(0, kept.length - wanted);
    this.#earlier.set(nodeId, kept);
  }
}
