// Records the attempts of one loop's tasks.
//
// A task's attempt runs, then succeeds, stops, or is reported as failed. What comes after a failure shows
// later: the next attempt starts (`retried`), or LangGraph commits the error. A committed error of a
// node with an error handler is `routed`; of a root graph's node `terminal`; inside a subgraph it waits
// in `UnsettledFailures` for what the node around the subgraph does with it.
import { withActiveSpan } from '../../core/app-sdk.ts';
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import type { FailureSite } from '../../semconv/attributes.ts';
import { isAbortLike, timeLimitOf } from '../shared/abort.ts';
import { reportOperation } from '../shared/operation.ts';
import { leaveUndecided, likelyEnd, settle } from '../shared/undecided.ts';
import {
  isBubbleUp,
  isInterrupt,
  isInvalidUpdate,
  isNodeTimeout,
  isOutOfSteps,
  isRouting,
} from './errors.ts';
import { FailedCalls } from './failed-calls.ts';
import type { Compiled, Loop, RunLoopParams, Task, TaskConfig } from './internal-types.ts';
import { type Place, places } from './place.ts';
import { nodeType } from './snapshot.ts';

const HIDDEN = 'langsmith:hidden';
/** Begins the channels that a node is started by. */
const TO_NODE = 'branch:to:';

interface Failed {
  /** Of the call that the node failed by. */
  readonly details: FailureDetails | undefined;
  readonly input: unknown;
  readonly config: TaskConfig | undefined;
}

interface Recorded {
  readonly task: Task;
  readonly nodeId: string;
  readonly maxAttempts: number;
  /** The attempt around a subgraph's node or a called task. */
  readonly inside: NodeAttempt | undefined;
  visit?: number;
  attempts: number;
  last?: NodeAttempt;
}

/** Wraps the tasks of one loop. */
export class TaskRecorder {
  readonly #compiled: Compiled;
  readonly #loop: Loop;
  readonly #place: Place;
  readonly #tasks = new WeakMap<Task, Recorded>();

  constructor(compiled: Compiled, { loop, runner }: RunLoopParams, place: Place) {
    this.#compiled = compiled;
    this.#loop = loop;
    this.#place = place;
    if (!place.inside) place.run.stateKeys = stateKeysOf(loop);
    this.#watchExecution(runner);
    this.#watchNewTasks(loop);
  }

  #watchExecution(runner: RunLoopParams['runner']): void {
    const execute = runner._executeTasksWithRetry;
    const commit = runner._commit;
    if (typeof execute !== 'function' || typeof commit !== 'function') return;
    runner._executeTasksWithRetry = (tasks, options) => {
      guarded(() => {
        for (const task of tasks) this.#record(task);
      }, undefined);
      return execute.call(runner, tasks, options);
    };
    runner._commit = (task, error) => {
      guarded(() => this.#committed(task, error), undefined);
      commit.call(runner, task, error);
    };
  }

  /** Tasks that a running task adds (`task()`, `Send`) and tasks of error handlers. */
  #watchNewTasks(loop: Loop): void {
    const { acceptPush, scheduleErrorHandler } = loop;
    if (typeof acceptPush === 'function') {
      loop.acceptPush = async (...args) => {
        const task = await acceptPush.apply(loop, args);
        // Only `task()` gives a call; its node runs inside the node that called it.
        const caller = args[2] === undefined ? undefined : (args[0] as Task);
        if (task) guarded(() => this.#record(task, caller), undefined);
        return task;
      };
    }
    if (typeof scheduleErrorHandler === 'function') {
      loop.scheduleErrorHandler = (failed, error) => {
        const task = scheduleErrorHandler.call(loop, failed, error);
        if (task) guarded(() => this.#record(task), undefined);
        return task;
      };
    }
  }

  #record(task: Task, caller?: Task): void {
    if (this.#tasks.has(task)) return;
    const outer = this.#place.inside?.nodeId;
    const name = String(task.name);
    const policy = task.retry_policy ?? this.#compiled.retryPolicy;
    const recorded: Recorded = {
      task,
      nodeId: outer === undefined ? name : `${outer}:${name}`,
      maxAttempts: policy ? (policy.maxAttempts ?? 3) : 1,
      attempts: 0,
      inside: (caller && this.#tasks.get(caller)?.last) ?? this.#place.inside?.attempt,
    };
    this.#tasks.set(task, recorded);
    const proc = task.proc;
    task.proc = Object.create(proc, {
      invoke: {
        value: (input: unknown, config?: TaskConfig) =>
          this.#invoke(recorded, input, config, () => proc.invoke(input, config)),
      },
    });
  }

  async #invoke(
    recorded: Recorded,
    input: unknown,
    config: TaskConfig | undefined,
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    const hidden = isHidden(recorded.task);
    const startTime = Date.now();
    let attempt = hidden ? undefined : guarded(() => this.#begin(recorded), undefined);
    const failedCalls = new FailedCalls();
    const { signal } = config ?? {};
    try {
      if (!attempt) return await work();
      this.#place.seen.inputs.set(attempt, input);
      const inside = { attempt, nodeId: recorded.nodeId, failedCalls };
      const place: Place = Object.create(this.#place, { inside: { value: inside } });
      const result = await places.run(place, () => withActiveSpan(attempt!.span, work));
      guarded(() => {
        const ended = { place: this.#place, attempt: attempt as NodeAttempt, input, signal };
        guarded(() => failedCalls.nodeReturned(ended, result, wasAsked(config)), undefined);
        this.#returned(ended.attempt, input, result);
      }, undefined);
      return result;
    } catch (error) {
      guarded(() => {
        if (hidden && !isBubbleUp(error)) attempt = this.#begin(recorded, startTime);
        if (!attempt) return;
        const ended = { place: this.#place, attempt, input, signal };
        const details = guarded(() => failedCalls.nodeThrew(ended, error), undefined);
        this.#failed(recorded, attempt, error, { details, input, config });
      }, undefined);
      throw error;
    }
  }

  #begin(recorded: Recorded, startTime?: number): NodeAttempt {
    const before = recorded.last;
    if (before) {
      // A node that ran into its timeout never came back to say so.
      if (before.open) before.report(timeoutOf(recorded.task), { input: recorded.task.input });
      settle(before, 'retried');
      this.#place.unsettled.settle(before, 'retried');
    }
    recorded.attempts += 1;
    const attempt = this.#place.run.attempt({
      nodeId: recorded.nodeId,
      type: nodeType(this.#compiled, String(recorded.task.name)),
      attempt: recorded.attempts,
      maxAttempts: recorded.maxAttempts,
      visit: recorded.visit,
      previous: before,
      inside: recorded.inside,
      startTime,
    });
    recorded.visit = attempt.visit;
    recorded.last = attempt;
    return attempt;
  }

  #returned(attempt: NodeAttempt, input: unknown, output: unknown): void {
    this.#place.run.returned(attempt, { input, output });
    this.#place.unsettled.settle(attempt, 'recovered');
  }

  #failed(
    recorded: Recorded,
    attempt: NodeAttempt,
    error: unknown,
    { details, input, config }: Failed,
  ): void {
    if (isBubbleUp(error)) {
      if (isInterrupt(error)) this.#place.seen.paused = true;
      attempt.stop();
      return;
    }
    if (config?.signal?.aborted && isAbortLike(error, config.signal)) {
      // With a timeout of its own, the commit or the next attempt shows whether that was the reason.
      if (recorded.task.timeout === undefined) this.#aborted(attempt, config.signal, input);
      return;
    }
    this.#place.seen.lastError = error;
    attempt.report(error, {
      site: siteOf(recorded.task, error),
      class: isOutOfSteps(error) ? 'graph.step_budget' : undefined,
      ...details,
      input,
    });
    const last = recorded.attempts >= recorded.maxAttempts;
    leaveUndecided(attempt, last ? 'terminal' : 'retried');
    if (last) return;
    // A retry that is refused is committed before the event loop turns; one that waits is not.
    setImmediate(() => {
      if (likelyEnd(attempt) !== 'retried') return;
      settle(attempt, 'retried');
      this.#place.unsettled.settle(attempt, 'retried');
    });
  }

  /** The caller or another node stopped it, which is no failure; a time limit that struck is one. */
  #aborted(attempt: NodeAttempt, signal: AbortSignal, input: unknown): void {
    const limit = timeLimitOf(signal);
    if (limit === undefined || !attempt.open) {
      attempt.stop();
      return;
    }
    attempt.report(limit, { input, class: 'budget.time' });
    leaveUndecided(attempt, 'terminal');
  }

  /** A `Command` that goes to a node that is none: LangGraph drops it, and what was to come never does. */
  #lookForLostHandoffs(task: Task, attempt: NodeAttempt): void {
    const { channels } = this.#loop;
    if (channels === undefined) return;
    const { run, identity, tracer } = this.#place;
    for (const write of task.writes ?? []) {
      const channel = String(readProperty(write, '0'));
      if (!channel.startsWith(TO_NODE) || channel in channels) continue;
      const target = channel.slice(TO_NODE.length);
      reportOperation(
        { run, identity, tracer, attempt },
        {
          kind: 'route',
          target,
          error: { name: 'UnknownNodeError', message: `There is no node "${target}" to go to` },
          details: {
            site: 'graph.route',
            class: 'graph.node_not_found',
            evidence: { operation: 'route', target },
          },
          disposition: 'degraded',
        },
      );
    }
  }

  #committed(task: Task, error: unknown): void {
    const recorded = this.#tasks.get(task);
    const attempt = recorded?.last;
    if (attempt?.open) {
      if (isNodeTimeout(error)) attempt.report(error, { input: task.input });
      else attempt.stop();
    }
    if (attempt && error === undefined) this.#lookForLostHandoffs(task, attempt);
    if (!attempt?.failed) return;
    const name = String(task.name);
    const handled =
      this.#loop.isErrorHandlerNode?.(name) !== true &&
      this.#loop.getErrorHandlerNode?.(name) !== undefined;
    const around = recorded?.inside;
    if (handled || !around) {
      const disposition = handled ? 'routed' : 'terminal';
      settle(attempt, disposition);
      this.#place.unsettled.settle(attempt, disposition);
    } else {
      leaveUndecided(attempt, 'terminal');
      this.#place.unsettled.add(around, attempt);
    }
  }
}

/** Whether the node has called `interrupt()` and got an answer: it has returned since. */
function wasAsked(config: TaskConfig | undefined): boolean {
  const pad = config?.configurable?.__pregel_scratchpad;
  const asked = readProperty(pad, 'interruptCounter');
  return typeof asked === 'number' && asked >= 0;
}

function stateKeysOf(loop: Loop): string[] {
  return Object.keys(loop.channels ?? {})
    .filter((key) => !key.startsWith('__') && !key.startsWith('branch:'))
    .sort();
}

/**
 * A node's own writes are made after its function returned and before the conditions of its edges
 * run, so an error with writes made comes from a condition. `__start__` has no function at all.
 */
function siteOf(task: Task, error: unknown): FailureSite {
  if (isInvalidUpdate(error)) return 'node.result';
  const routed = isHidden(task) || (task.writes?.length ?? 0) > 0 || isRouting(error);
  return routed ? 'graph.route' : 'node.raise';
}

/** `__start__` and the like: no node of the user's, unless a condition of theirs throws in it. */
function isHidden(task: Task): boolean {
  return guarded(() => task.config?.tags?.includes(HIDDEN) === true, false);
}

/** LangGraph keeps the error of a timeout to itself if the node is tried again. */
function timeoutOf({ name, timeout }: Task): object {
  const kind = timeout?.runTimeout === undefined ? 'idle' : 'run';
  const limit = timeout?.runTimeout ?? timeout?.idleTimeout;
  return {
    name: 'NodeTimeoutError',
    message: `Node "${String(name)}" exceeded its ${kind} timeout of ${limit}ms`,
  };
}
