// Reports what a function tool throws. The SDK makes a text for the model of it, and its tracing says no more
// than that there was an error, so the function itself is wrapped where `tool()` can be.
import { withActiveSpan } from '../../core/app-sdk.ts';
import { guarded } from '../../core/guard.ts';
import { isAbortLike } from '../shared/abort.ts';
import { reportOperation } from '../shared/operation.ts';
import { isToolTimeout } from './errors.ts';
import type { Execute, SdkSpan, ToolFactory, ToolOptions } from './internal-types.ts';
import { currentPlace, type Place } from './place.ts';

/** `tool()`, with functions that report what they throw. */
export function recordedTool(
  original: ToolFactory,
  currentSpan: () => SdkSpan | null,
): ToolFactory {
  return function tool(options: ToolOptions) {
    return original(guarded(() => recorded(options, currentSpan), options));
  };
}

/** Names of tools whose functions report what they throw. */
const reporting = new Set<string>();

/** Whether an error of this tool that its function has not reported came before it: its arguments do not fit. */
export function reportsOwnErrors(tool: string): boolean {
  return reporting.has(tool);
}

function recorded(options: ToolOptions, currentSpan: () => SdkSpan | null): ToolOptions {
  const { execute, name } = options;
  if (typeof execute !== 'function') return options;
  if (name !== undefined) reporting.add(name);
  const wrapped: Execute = (...args) => {
    const work = () => Reflect.apply(execute, options, args);
    const place = currentPlace();
    const call =
      place && guarded(() => new ToolCall(place, options, args, currentSpan()), undefined);
    return call ? call.record(work) : work();
  };
  return { ...options, execute: wrapped };
}

/** One call of a tool. */
class ToolCall {
  readonly #place: Place;
  readonly #options: ToolOptions;
  readonly #input: unknown;
  readonly #signal: AbortSignal | undefined;
  readonly #spanId: string | undefined;
  readonly #startTime = Date.now();
  #reported = false;

  constructor(
    place: Place,
    options: ToolOptions,
    [input, , details]: Parameters<Execute>,
    span: SdkSpan | null,
  ) {
    this.#place = place;
    this.#options = options;
    this.#input = input;
    this.#signal = details?.signal;
    this.#spanId = span?.spanId;
  }

  record(work: () => unknown): unknown {
    const { attempt } = this.#place;
    this.#signal?.addEventListener('abort', this.#aborted, { once: true });
    let result: unknown;
    try {
      result = attempt ? withActiveSpan(attempt.span, work) : work();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#over();
      return result;
    }
    return result.then(
      (value: unknown) => {
        this.#over();
        return value;
      },
      (error: unknown) => {
        this.#failed(error);
        throw error;
      },
    );
  }

  /** The SDK waits no longer: because the tool took too long, or because nobody needs it any more. */
  readonly #aborted = (): void => {
    const reason: unknown = this.#signal?.reason;
    if (isToolTimeout(reason)) this.#report(reason, true);
  };

  #over(): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
  }

  #failed(error: unknown): void {
    this.#over();
    const cancelled = this.#signal?.aborted === true && isAbortLike(error, this.#signal);
    if (!cancelled) this.#report(error, false);
    else if (this.#spanId) this.#place.reportedSpans.add(this.#spanId);
  }

  #report(error: unknown, timedOut: boolean): void {
    if (this.#reported || this.#place.ended) return;
    this.#reported = true;
    guarded(() => {
      const place = this.#place;
      const target = this.#options.name ?? '';
      if (this.#spanId) place.reportedSpans.add(this.#spanId);
      // An agent that ran inside the tool has reported it.
      if (place.run.reportedBy(error)) return;
      place.noteToolError(target, error);
      const failed = {
        kind: 'execute_tool',
        target,
        error,
        details: {
          site: 'tool.call',
          class: timedOut ? 'tool.timeout' : undefined,
          input: this.#input,
          evidence: { operation: 'execute_tool', target },
        },
        startTime: this.#startTime,
      } as const;
      if (this.#options.errorFunction === null) place.held.add(failed);
      else reportOperation(place, { ...failed, disposition: 'routed' });
    }, undefined);
  }
}
