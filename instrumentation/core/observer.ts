// What watches runs. Conditions, logs and the self-check subscribe here; the core knows none of them.
import type { Span } from '@opentelemetry/api';
import type { Redactor } from '../redaction/index.ts';
import type { GraphRunOutcome } from '../semconv/attributes.ts';
import type { FailureDetails, NodeAttempt, ReportedFailure } from './attempt.ts';
import { guarded } from './guard.ts';

/** Options of a graph that only observers read. Each declares its own by merging into this interface. */
// biome-ignore lint/suspicious/noEmptyInterface: others merge into it
export interface GraphObserverOptions {}

/** Options of a node that only observers read, in the same way. */
// biome-ignore lint/suspicious/noEmptyInterface: others merge into it
export interface NodeObserverOptions {}

/** An error and what is known of it. */
export interface Failure {
  readonly error: unknown;
  readonly details: FailureDetails;
}

/** Input and output of a node. */
export interface Returned {
  readonly input?: unknown;
  readonly output: unknown;
}

/** The agent, graph, run and conversation of a run. */
export interface RunIds {
  readonly agentId: string;
  readonly graphId: string;
  readonly runId: string;
  readonly sessionId: string | undefined;
}

/** What observers may know of a run and do with it. */
export interface ObservedRun {
  readonly ids: RunIds;
  readonly redactor: Redactor;
  /** Milliseconds since it started. */
  readonly durationMs: number;
  /** Node attempts so far, and how many of them failed. */
  readonly steps: number;
  readonly failures: number;
  /** Calls `work` as soon as no attempt is held: now, if none is. */
  whenConcluded(work: () => void): void;
  /** Reports a failed operation of an observer's own, inside the given span or else the run's. */
  failOperation(spanName: string, target: string, failure: Failure, inside?: Span): void;
  end(
    outcome?: GraphRunOutcome,
    failure?: { error: unknown } & FailureDetails,
    endTime?: number,
  ): void;
}

/** Watches one run. What it throws is skipped. */
export interface RunObserver {
  /**
   * A node returned.
   * @returns whether the observer concludes the attempt, now or later: until then it has to hold it
   */
  nodeReturned?(attempt: NodeAttempt, returned: Returned, options: NodeObserverOptions): boolean;
  /**
   * The run's function returned.
   * @returns whether the observer ends the run, now or later
   */
  runReturned?(output: unknown, outcome: GraphRunOutcome | undefined): boolean;
  /** An attempt succeeded, or failed with this error. */
  attemptEnded?(attempt: NodeAttempt, failure: Failure | undefined): void;
  /** A span reports a failure, and what happened next is known. Without an attempt it is the run's. */
  failureReported?(span: Span, failure: ReportedFailure, attempt: NodeAttempt | undefined): void;
}

type StartObserver = (run: ObservedRun, options: GraphObserverOptions) => RunObserver;

const starters = new Set<StartObserver>();

/** Has `start` called for each run of the process that begins from now on. */
export function observeRuns(start: StartObserver): void {
  starters.add(start);
}

/** The observers of one run. */
export class Observers {
  readonly #observers: RunObserver[] = [];

  constructor(run: ObservedRun, options: GraphObserverOptions) {
    for (const start of starters) {
      const observer = guarded(() => start(run, options), undefined);
      if (observer) this.#observers.push(observer);
    }
  }

  /** Whether one of them concludes the attempt. */
  nodeReturned(attempt: NodeAttempt, returned: Returned, options: NodeObserverOptions): boolean {
    return this.#observers.some(
      (observer) =>
        observer.nodeReturned !== undefined &&
        guarded(() => observer.nodeReturned?.(attempt, returned, options), false),
    );
  }

  /** Whether one of them ends the run. */
  runReturned(output: unknown, outcome: GraphRunOutcome | undefined): boolean {
    return this.#observers.some((observer) =>
      guarded(() => observer.runReturned?.(output, outcome), false),
    );
  }

  attemptEnded(attempt: NodeAttempt, failure: Failure | undefined): void {
    for (const observer of this.#observers) {
      if (observer.attemptEnded) {
        guarded(() => observer.attemptEnded?.(attempt, failure), undefined);
      }
    }
  }

  failureReported(span: Span, failure: ReportedFailure, attempt: NodeAttempt | undefined): void {
    for (const observer of this.#observers) {
      guarded(() => observer.failureReported?.(span, failure, attempt), undefined);
    }
  }
}
