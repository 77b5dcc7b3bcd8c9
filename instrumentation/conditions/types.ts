// What a failure condition is, and what it may look at.
import type {
  FailureClass,
  FailureSeverity,
  FailureSite,
  GraphRunOutcome,
} from '../semconv/attributes.ts';

/** What a node or a run used up; what the app does not report with `recordUsage` is 0. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In the currency of the app. */
  readonly cost: number;
  readonly toolCalls: number;
}

/** The run, as far as it went. */
export interface RunFacts {
  readonly agentId: string;
  readonly graphId: string;
  readonly runId: string;
  readonly sessionId: string | undefined;
  /** Milliseconds since it started. */
  readonly durationMs: number;
  /** Node attempts so far. */
  readonly steps: number;
  readonly usage: Usage;
}

/** What every condition may look at. The values are the app's own objects: read them only. */
export interface CheckContext {
  /** What the node or the run returned. */
  readonly output: unknown;
  /** Milliseconds that the attempt or the run took. */
  readonly durationMs: number;
  /** Of the attempt, or of the whole run. */
  readonly usage: Usage;
  readonly run: RunFacts;
  /** Aborted when the verdict is no longer waited for. */
  readonly signal: AbortSignal;
}

/** An output of the same node in the same run. */
export interface EarlierOutput {
  readonly attempt: number;
  readonly visit: number;
  readonly output: unknown;
}

/** What a condition of a node may look at. */
export interface NodeContext extends CheckContext {
  readonly nodeId: string;
  readonly attempt: number;
  readonly maxAttempts: number | undefined;
  readonly visit: number;
  readonly input: unknown;
  /** The last outputs before this one, the oldest first; as many as the condition's `history`. */
  readonly earlier: readonly EarlierOutput[];
}

/** What a condition of a run may look at. */
export interface RunContext extends CheckContext {
  /** As the app set it. */
  readonly outcome: GraphRunOutcome | undefined;
  /** How many node attempts failed, by exception or condition. */
  readonly failures: number;
}

/** What proves the failure: fields, or a sentence. */
export type Evidence = Readonly<Record<string, unknown>> | string;

/** `true` or evidence: it failed. Anything falsy, an empty text included: it did not. */
export type Verdict = boolean | Evidence | null | undefined;

/** Looks at a context and says whether that was a failure. */
export type Check<C extends CheckContext = NodeContext> = (
  context: C,
) => Verdict | PromiseLike<Verdict>;

/** What {@link defineFailureCondition} takes. */
export interface ConditionOptions<C extends CheckContext = NodeContext> {
  /** `failure.condition` and `error.type`: 1 to 64 letters, digits, `_`, `.` and `-`, a letter first. */
  readonly name: string;
  /** Why it failed. @default 'unclassified' */
  readonly class?: FailureClass | undefined;
  /** @default 'major' */
  readonly severity?: FailureSeverity | undefined;
  /** Where it failed. @default 'node.result' for a node, 'run' for a run */
  readonly site?: FailureSite | undefined;
  readonly when: Check<C>;
  /** What to do about it, in words; at most 500 characters. Stands in the evidence. */
  readonly hint?: string | undefined;
  /**
   * The failure's message, the same each time so that equal failures are one group; at most 500
   * characters. @default `failure condition {name} is met`
   */
  readonly message?: string | undefined;
  /** How many earlier outputs of the node are kept for `when`, 0 to 50. @default 5 */
  readonly history?: number | undefined;
}

/** A failure that throws nothing; made by {@link defineFailureCondition}. */
export interface FailureCondition<C extends CheckContext = NodeContext> {
  readonly name: string;
  readonly class: FailureClass;
  readonly severity: FailureSeverity;
  readonly site: FailureSite | undefined;
  readonly when: Check<C>;
  readonly hint: string | undefined;
  readonly message: string;
  readonly history: number;
}

/** Conditions and what they are attached to. */
export interface Conditions {
  /** After every node. */
  readonly nodes?: readonly FailureCondition<NodeContext>[];
  /** After the node of this id; in LangGraph's subgraphs `parent:child`. */
  readonly node?: Readonly<Record<string, readonly FailureCondition<NodeContext>[]>>;
  /** After a run whose function returned. */
  readonly run?: readonly FailureCondition<RunContext>[];
  /**
   * How many milliseconds a span waits for the verdicts of its conditions, 1 to 60,000; what the node
   * returned never waits. @default 250
   */
  readonly timeoutMs?: number;
}

declare module '../core/observer.ts' {
  interface GraphObserverOptions {
    /** Failures that throw nothing, looked for after nodes and runs, besides those of `useFailureConditions`. */
    readonly conditions?: Conditions | undefined;
  }
  interface NodeObserverOptions {
    /** Failures of this node that throw nothing, besides those of the graph. */
    readonly conditions?: readonly FailureCondition<NodeContext>[] | undefined;
  }
}
