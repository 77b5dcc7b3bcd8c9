// The parts of LangGraph's own objects that are read or wrapped, as of 1.0 to 1.7. All are optional
// here because most are private: what is missing is done without.

/** `PregelExecutableTask`: one node in one step. */
export interface Task {
  id: string;
  name: string | number;
  input?: unknown;
  proc: { invoke(input: unknown, config?: TaskConfig): Promise<unknown> };
  writes?: unknown[];
  config?: TaskConfig;
  retry_policy?: RetryPolicy;
  timeout?: { runTimeout?: number; idleTimeout?: number };
}

export interface TaskConfig {
  signal?: AbortSignal;
  tags?: string[];
  configurable?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}

export interface RetryPolicy {
  initialInterval?: number;
  backoffFactor?: number;
  maxInterval?: number;
  maxAttempts?: number;
  jitter?: boolean;
}

/** What may stop a loop, in its `configurable`. */
export interface AbortSignals {
  externalAbortSignal?: AbortSignal;
  /** Of `stepTimeout`. */
  timeoutAbortSignal?: AbortSignal;
}

/** `PregelLoop`: the state of one execution. */
export interface Loop {
  isNested?: boolean;
  status?: string;
  /** What the graph returned, once it ended. */
  output?: unknown;
  config?: TaskConfig;
  channels?: Record<string, unknown>;
  manager?: { runId?: string };
  acceptPush?(...args: unknown[]): Promise<Task | undefined>;
  scheduleErrorHandler?(task: Task, error: unknown): Task | undefined;
  getErrorHandlerNode?(name: string): string | undefined;
  isErrorHandlerNode?(name: string): boolean;
}

/** `PregelRunner`: executes the tasks of a step. */
export interface Runner {
  _executeTasksWithRetry(tasks: Task[], options?: unknown): AsyncGenerator<unknown>;
  _commit(task: Task, error?: unknown): void;
}

/** What `Pregel.prototype._runLoop` is given. */
export interface RunLoopParams {
  loop: Loop;
  runner: Runner;
  config?: TaskConfig;
}

/** A compiled graph. */
export interface Compiled {
  name?: string;
  nodes?: Record<string, PregelNode>;
  retryPolicy?: RetryPolicy;
  builder?: Builder;
  getGraph?(options?: unknown): { toJSON(): unknown };
}

export interface PregelNode {
  bound?: unknown;
  subgraphs?: unknown[];
  retryPolicy?: RetryPolicy;
  triggers?: string[];
  errorHandlerNode?: string;
  isErrorHandler?: boolean;
}

export interface Builder {
  nodes?: Record<string, { runnable?: unknown; retryPolicy?: RetryPolicy; subgraphs?: unknown[] }>;
  branches?: Record<string, Record<string, { path?: unknown; condition?: unknown }>>;
}
