// The model's node: one visit a step, one attempt a try.
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { guarded } from '../../core/guard.ts';
import type { GraphRun } from '../../core/run.ts';
import type { FailureSite } from '../../semconv/attributes.ts';
import { timeLimitOf } from '../shared/abort.ts';
import { describeModelError, inputOf, isAborted, isRetryable } from './errors.ts';
import type { CallStart, ModelCall, ModelResult } from './internal-types.ts';
import { ModelOutput } from './output.ts';
import { MODEL_NODE } from './snapshot.ts';
import { watchStream } from './watch-stream.ts';

/** What the attempts need of their call. */
interface CallAround {
  readonly start: CallStart;
  runOf(call: ModelCall): GraphRun;
  /** Whether an error is the caller's own doing. */
  isCancel(error: unknown): boolean;
  /** The caller did not cancel: the model was asked, and answered or failed. */
  goesOn(): void;
  /** A stream is read: how many reads wait for the model, one more or one less. */
  reading(change: 1 | -1): void;
  /** A stream broke; not every version says so. */
  broke(error: unknown): void;
}

export class ModelAttempts {
  readonly #around: CallAround;
  #last: NodeAttempt | undefined;
  #isOver = false;
  #error: { readonly thrown: unknown } | undefined;

  constructor(around: CallAround) {
    this.#around = around;
  }

  /** What the last try failed with, if nothing was tried after it. */
  get error(): { readonly thrown: unknown } | undefined {
    return this.#error;
  }

  /** Whether the model has given an answer after which it is not asked again. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Runs one try; gives what it gives, a stream watched, and throws what it throws. */
  async record<T>(call: ModelCall, execute: () => PromiseLike<T>): Promise<T> {
    const opened = guarded(() => this.open(call), undefined);
    if (!opened) return await execute();
    let result: T;
    try {
      result = await execute();
    } catch (error) {
      guarded(() => opened.failed(error, 'llm.call'), undefined);
      throw error;
    }
    return guarded(() => this.#returned(opened, result), result);
  }

  /**
   * Begins one try, whose end is reported to what it returns.
   * @param maxAttempts how many tries the SDK allows; 1 if it does not report them one by one
   */
  open(call: ModelCall, maxAttempts = this.#maxAttempts) {
    const { start } = this.#around;
    const run = this.#around.runOf(call);
    const attempt = run.attempt({
      nodeId: MODEL_NODE,
      name: call.modelId ?? start.modelId,
      type: 'model',
      maxAttempts,
      // A failed try is followed by a retry only if the SDK takes it for one.
      ...(this.#error && this.#last?.failed && !this.#retries(this.#last, this.#error.thrown)
        ? { attempt: 1 }
        : {}),
    });
    this.#last = attempt;
    this.#error = undefined;
    this.#isOver = false;
    return {
      failed: (error: unknown, site: FailureSite) => this.#failed(attempt, call, error, site),
      returned: (output: ModelOutput) => {
        this.#isOver = output.isLast;
        if (!attempt.open) return;
        this.#around.goesOn();
        const found = output.failure;
        if (found) {
          attempt.hold();
          attempt.conclude({ error: found.error, details: this.#details(call, found.details) });
        } else run.returned(attempt, { ...inputOf(start, call.input), output: output.value });
      },
      stop: () => {
        if (attempt.open) attempt.stop();
      },
    };
  }

  get #maxAttempts(): number | undefined {
    const { maxRetries } = this.#around.start;
    return maxRetries === undefined ? undefined : maxRetries + 1;
  }

  #returned<T>(opened: ReturnType<ModelAttempts['open']>, result: T): T {
    const given = result as ModelResult;
    if (!given?.stream) {
      opened.returned(ModelOutput.of(given));
      return result;
    }
    const output = new ModelOutput();
    const stream = watchStream(given.stream, {
      reading: (change) => this.#around.reading(change),
      part: (part) =>
        guarded(() => {
          if (part.type === 'error') opened.failed(part.error, 'llm.stream');
          else output.add(part);
        }, undefined),
      done: () => guarded(() => opened.returned(output), undefined),
      failed: (error) =>
        guarded(() => {
          opened.failed(error, 'llm.stream');
          this.#around.broke(error);
        }, undefined),
      cancelled: () => guarded(() => opened.stop(), undefined),
    });
    return { ...result, stream };
  }

  #failed(attempt: NodeAttempt, call: ModelCall, thrown: unknown, site: FailureSite): void {
    if (!attempt.open) return;
    // Some providers throw an AbortError of their own when a time limit of the SDK strikes.
    const limit = isAborted(thrown) ? timeLimitOf(call.signal) : undefined;
    const error = limit ?? thrown;
    if (this.#around.isCancel(error)) {
      attempt.stop();
      return;
    }
    this.#around.goesOn();
    this.#error = { thrown: error };
    const again = site === 'llm.call' && this.#retries(attempt, error);
    const details = this.#details(call, { ...describeModelError(error), site });
    attempt.fail(error, details, again ? 'retried' : 'terminal');
  }

  #retries(attempt: NodeAttempt, error: unknown): boolean {
    return isRetryable(error) && attempt.attempt < (attempt.maxAttempts ?? 1);
  }

  #details(call: ModelCall, { excerpts, ...details }: FailureDetails): FailureDetails {
    const { start } = this.#around;
    const { provider, modelId } = call;
    // A provider's answer may repeat what it was asked.
    const isHidden = start.hidesInputs || start.hidesOutputs;
    return {
      ...details,
      ...inputOf(start, call.input),
      evidence: { provider, model: modelId, ...details.evidence },
      ...(excerpts && !isHidden && { excerpts }),
    };
  }
}
