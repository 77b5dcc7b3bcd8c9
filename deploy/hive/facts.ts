// What is known about runs and node attempts, whatever record of Hive it came from. Times are Unix times
// in nanoseconds; keys are made of Hive's own ids, so the same record always gives the same span.

import type { Snapshot } from '../../instrumentation/core/snapshot.ts';
import type {
  FailureClass,
  FailureDisposition,
  FailureSeverity,
  FailureSite,
  GraphRunOutcome,
} from '../../instrumentation/semconv/attributes.ts';

/** The run that a fact belongs to. */
export interface RunOfHive {
  /** Made of Hive's ids: the same run has the same key whenever it is read. */
  readonly key: string;
  readonly runId: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly graphId: string;
  readonly snapshot: Snapshot;
  readonly startNs: bigint;
}

/** A failure as far as Hive records it. */
export interface FailureOfHive {
  readonly message: string;
  readonly type: string;
  /** Python's traceback, if Hive wrote one. */
  readonly stack?: string | undefined;
  readonly site: FailureSite;
  readonly class?: FailureClass | undefined;
  readonly severity?: FailureSeverity | undefined;
  readonly disposition?: FailureDisposition | undefined;
  readonly condition?: string | undefined;
  /** The node that a failure of the run is about. */
  readonly nodeId?: string | undefined;
  readonly input?: unknown;
  readonly state?: Record<string, unknown> | undefined;
  readonly evidence?: Record<string, unknown> | undefined;
}

export interface RunStarted {
  readonly kind: 'run_started';
  readonly run: RunOfHive;
}

export interface AttemptEnded {
  readonly kind: 'attempt';
  readonly run: RunOfHive;
  /** Unique in the run. */
  readonly key: string;
  readonly nodeId: string;
  readonly nodeName?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly attempt: number;
  readonly maxAttempts?: number | undefined;
  readonly visit: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Key of the attempt that this one repeats. */
  readonly previous?: string | undefined;
  /** What was sent of it before: a good attempt, or this failure without what became of it. */
  readonly amends?: 'attempt' | 'failure' | undefined;
  readonly failure?: FailureOfHive | undefined;
}

/** A failure inside a run that is no node's. */
export interface OperationFailed {
  readonly kind: 'operation';
  readonly run: RunOfHive;
  /** A failure of the run as a whole that did not end it. @default false */
  readonly isOfRun?: boolean;
  readonly key: string;
  readonly name: string;
  readonly timeNs: bigint;
  readonly failure: FailureOfHive;
}

export interface RunEnded {
  readonly kind: 'run_ended';
  readonly run: RunOfHive;
  readonly endNs: bigint;
  readonly outcome: GraphRunOutcome;
  /** The run's own; else {@link rootKey} names the attempt that failed it. */
  readonly failure?: FailureOfHive | undefined;
  readonly rootKey?: string | undefined;
  /** How often Hive restarted the run after a failure. */
  readonly resurrections: number;
}

export type Fact = RunStarted | AttemptEnded | OperationFailed | RunEnded;
