// The conditions of one run at work: asks them after nodes and after the run, and waits for the late
// ones without holding up the app.
import type { NodeAttempt } from '../core/attempt.ts';
import { guarded } from '../core/guard.ts';
import {
  type NodeObserverOptions,
  type ObservedRun,
  observeRuns,
  type Returned,
  type RunObserver,
} from '../core/observer.ts';
import { beforeTheEnd } from '../delivery/ending.ts';
import type { FailureSeverity, GraphRunOutcome } from '../semconv/attributes.ts';
import { SPAN_CHECK_CONDITION } from '../semconv/attributes.ts';
import { ConditionsOfRun } from './attach.ts';
import { Evaluation, type Fault } from './evaluation.ts';
import { failureOf, type Judged } from './failure.ts';
import { describeFault, mayReport } from './fault.ts';
import type {
  EarlierOutput,
  FailureCondition,
  NodeContext,
  RunContext,
  RunFacts,
} from './types.ts';
import { usageOf } from './usage.ts';

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

observeRuns(
  (run, { conditions }) =>
    new RunChecks(run, new ConditionsOfRun(conditions, run.ids.agentId, run.ids.graphId)),
);

class RunChecks implements RunObserver {
  readonly #run: ObservedRun;
  readonly #conditions: ConditionsOfRun;
  readonly #earlier = new Map<string, EarlierOutput[]>();

  constructor(run: ObservedRun, conditions: ConditionsOfRun) {
    this.#run = run;
    this.#conditions = conditions;
  }

  /** Asks the conditions of a node that returned, and concludes its attempt. */
  nodeReturned(
    attempt: NodeAttempt,
    returned: Returned,
    { conditions: own }: NodeObserverOptions,
  ): boolean {
    const conditions =
      this.#conditions.none && !own?.length
        ? NO_CONDITIONS
        : this.#conditions.ofNode(attempt.nodeId, own);
    if (conditions.length === 0) return false;
    const { nodeId, visit, maxAttempts, durationMs } = attempt;
    const { output, input } = returned;
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
      run: this.#facts(),
    };
    this.#evaluate<NodeContext>(conditions, facts, attempt, (judged) => {
      attempt.conclude(judged.findings.length > 0 ? failureOf(judged, returned) : undefined);
    });
    this.#keep(conditions, attempt, output);
    return true;
  }

  /** Asks the conditions of the run once those of its nodes have answered, and ends it. */
  runReturned(output: unknown, outcome: GraphRunOutcome | undefined): boolean {
    const isOver = outcome !== 'paused' && outcome !== 'cancelled';
    const conditions = isOver && !this.#conditions.none ? this.#conditions.ofRun() : [];
    if (conditions.length === 0) return false;
    // Stays unset for verdicts that come at once: then the span ends when it ends.
    let endTime: number | undefined;
    this.#run.whenConcluded(() => {
      const run = this.#facts();
      const { durationMs, usage } = run;
      const facts = { output, outcome, durationMs, usage, run, failures: this.#run.failures };
      this.#evaluate<RunContext>(conditions, facts, undefined, (judged) => {
        const found = judged.findings.length > 0 ? failureOf(judged, { output }) : undefined;
        const failure = found && { ...found.details, error: found.error };
        const severity = failure && (failure.severity ?? 'major');
        this.#run.end(outcome ?? (severity && OUTCOME_OF[severity]), failure, endTime);
      });
    });
    endTime = Date.now();
    return true;
  }

  /** @param attempt the node's; without one the conditions are the run's */
  #evaluate<C extends NodeContext | RunContext>(
    conditions: readonly FailureCondition<C>[],
    facts: Omit<C, 'signal'>,
    attempt: NodeAttempt | undefined,
    judged: (found: Judged) => void,
  ): void {
    const evaluation = new Evaluation<C>(this.#conditions.timeoutMs, (condition, fault) => {
      guarded(() => this.#report(condition, fault, attempt), undefined);
    });
    const context = Object.defineProperty({ ...facts }, 'signal', {
      get: () => evaluation.signal,
      enumerable: true,
    }) as C;
    evaluation.start(conditions, context, () => {
      pending.delete(evaluation);
      guarded(() => judged(evaluation), undefined);
      // If that went wrong, nothing waits for it for ever.
      if (attempt) attempt.conclude();
      else this.#run.end();
    });
    if (!evaluation.open) return;
    attempt?.hold();
    pending.add(evaluation);
  }

  #report(
    condition: FailureCondition<never>,
    fault: Fault,
    attempt: NodeAttempt | undefined,
  ): void {
    const unsaid = mayReport(condition.name, this.#run.ids.agentId, attempt?.nodeId);
    if (unsaid === undefined) return;
    const failure = describeFault(condition, fault, unsaid, attempt?.nodeId);
    this.#run.failOperation(SPAN_CHECK_CONDITION, condition.name, failure, attempt?.span);
  }

  #facts(): RunFacts {
    const { ids, durationMs, steps } = this.#run;
    return { ...ids, durationMs, steps, usage: usageOf(this.#run) };
  }

  #keep(
    conditions: readonly FailureCondition<NodeContext>[],
    { nodeId, attempt, visit }: NodeAttempt,
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
