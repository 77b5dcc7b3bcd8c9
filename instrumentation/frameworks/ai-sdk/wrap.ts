// Version 6: no hook of the SDK reports that a call failed, so the functions are wrapped. Inside a call only
// public options are used: a model that is watched, a telemetry integration for the steps and tools.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Tracer, trace } from '@opentelemetry/api';
import { guarded } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { Generation } from './generation.ts';
import type { ModelCall, Step, ToolCall } from './internal-types.ts';
import { places } from './place.ts';
import { sessionOf, settingsOf } from './telemetry.ts';
import type { AiSdkOptions } from './types.ts';
import { unwatched, watchedModel } from './watched-model.ts';

// biome-ignore lint/suspicious/noExplicitAny: values of a framework that is not there when this is compiled
type Loose = any;
type Call = (this: unknown, options: Loose) => Loose;
type Means = () => AiSdkOptions | undefined;

const WRAPPED = Symbol.for('faultline.ai-sdk.wrapped');
const DEFAULT_RETRIES = 2;
/** What aborted a call if the caller did not: version 6 does not say. */
const TIMED_OUT = { name: 'TimeoutError', message: 'The call took longer than its timeout' };

/** A call of an agent: what it asks `generateText` for becomes known later. */
interface AgentCall {
  readonly operation: string;
  readonly signal: AbortSignal | undefined;
  generation?: Generation | undefined;
}

const agentCalls = new AsyncLocalStorage<AgentCall>();

/** The exports of `ai` that are replaced, by name; none if that was done before. */
export function wrappedExports(ai: Loose, means: Means): Record<string, unknown> {
  const wrapped: Record<string, unknown> = {};
  if (ai.generateText?.[WRAPPED]) return wrapped;
  for (const name of ['generateText', 'generateObject']) {
    if (typeof ai[name] === 'function') wrapped[name] = wrapPromise(ai, name, means);
  }
  for (const name of ['streamText', 'streamObject']) {
    if (typeof ai[name] === 'function') wrapped[name] = wrapStream(ai, name, means);
  }
  if (typeof ai.ToolLoopAgent === 'function') {
    wrapped.ToolLoopAgent = recordedAgent(ai, means);
    // Its name before version 6.
    if (ai.Experimental_Agent === ai.ToolLoopAgent) {
      wrapped.Experimental_Agent = wrapped.ToolLoopAgent;
    }
  }
  return wrapped;
}

function wrapPromise(ai: Loose, operation: string, means: Means): Call {
  const original: Call = ai[operation];
  const wrapped: Call = function (options) {
    const call = guarded(() => begin(operation, options, means), undefined);
    if (!call) return original.call(this, options);
    const { generation } = call;
    return places.run(generation.place, async () => {
      try {
        const result = await original.call(this, call.options);
        guarded(() => finish(generation, result), undefined);
        return result;
      } catch (error) {
        guarded(() => generation.failed(error), undefined);
        throw error;
      }
    });
  };
  return Object.assign(wrapped, { [WRAPPED]: true });
}

function wrapStream(ai: Loose, operation: string, means: Means): Call {
  const original: Call = ai[operation];
  return function (options) {
    const call = guarded(() => begin(operation, options, means), undefined);
    if (!call) return original.call(this, options);
    try {
      return places.run(call.generation.place, () => original.call(this, call.options));
    } catch (error) {
      guarded(() => call.generation.failed(error), undefined);
      throw error;
    }
  };
}

/** The agents call the SDK's own functions, not the wrapped ones. */
function recordedAgent(ai: Loose, means: Means): unknown {
  const Agent: Loose = ai.ToolLoopAgent;
  const record = (
    operation: string,
    signal: AbortSignal | undefined,
    work: () => Promise<Loose>,
  ) => {
    const call: AgentCall = { operation, signal };
    return agentCalls.run(call, async () => {
      try {
        const result = await work();
        const { generation } = call;
        if (generation && operation === 'generateText') {
          guarded(() => finish(generation, result), undefined);
        }
        return result;
      } catch (error) {
        guarded(() => call.generation?.failed(error), undefined);
        throw error;
      }
    });
  };
  const Recorded = class extends Agent {
    generate(options: Loose) {
      return record('generateText', options?.abortSignal, () => super.generate(options));
    }
    stream(options: Loose) {
      return record('streamText', options?.abortSignal, () => super.stream(options));
    }
    async prepareCall(options: Loose) {
      const prepared = await super.prepareCall(options);
      const call = agentCalls.getStore();
      if (!call || call.generation) return prepared;
      const given = { ...prepared, abortSignal: call.signal };
      const begun = guarded(() => begin(call.operation, given, means, this.id), undefined);
      call.generation = begun?.generation;
      return begun ? begun.options : prepared;
    }
  };
  return Object.defineProperty(Recorded, 'name', { value: Agent.name });
}

/** A call that is recorded, and the options with which it reports what it does. */
function begin(operation: string, options: Loose, means: Means, agent?: string) {
  const own = means();
  if (!own || typeof options !== 'object' || options === null) return undefined;
  const telemetry = options.experimental_telemetry;
  const { provider, modelId } = modelOf(options.model);
  const hidesInputs = telemetry?.recordInputs === false;
  const start = {
    operation,
    functionId: telemetry?.functionId ?? agent,
    provider,
    modelId,
    ...(!hidesInputs && { instructions: options.system }),
    input: options.messages ?? options.prompt,
    toolChoice: options.toolChoice,
    settings: settingsOf(options),
    maxRetries: options.maxRetries ?? DEFAULT_RETRIES,
    stopConditions: options.stopWhen === undefined ? undefined : [options.stopWhen].flat().length,
    sessionId: sessionOf(telemetry?.metadata),
    hidesInputs,
    hidesOutputs: telemetry?.recordOutputs === false,
    // Without one of the caller's nothing but a timeout can abort.
    signal: options.abortSignal ?? new AbortController().signal,
  };
  const generation = new Generation(start, own, own.tracer ?? defaultTracer());
  return { generation, options: amended(operation, options, generation) };
}

function amended(operation: string, options: Loose, generation: Generation): Loose {
  const { experimental_telemetry: telemetry, prepareStep } = options;
  return {
    ...options,
    model: watch(options.model, generation),
    experimental_telemetry: {
      ...telemetry,
      ...(telemetry?.isEnabled && { tracer: noting(telemetry.tracer, generation) }),
      ...(operation.endsWith('Text') && {
        integrations: [telemetry?.integrations ?? [], integrationOf(generation)].flat(),
      }),
    },
    ...(typeof prepareStep === 'function' && {
      prepareStep: async (step: Loose) => {
        const prepared = await prepareStep({ ...step, model: unwatched(step.model) });
        if (!prepared?.model) return prepared;
        return { ...prepared, model: watch(prepared.model, generation) };
      },
    }),
    ...(operation.startsWith('stream') && streamOptions(options, generation)),
  };
}

/** The SDK's tracer, of whose spans the recorded run gets to know. */
function noting(given: Tracer | undefined, generation: Generation): Tracer {
  const tracer = given ?? trace.getTracer('ai');
  return {
    startSpan: (name, options, around) =>
      generation.beside(tracer.startSpan(name, options, around)),
    startActiveSpan: (name: string, ...rest: Loose[]) => {
      const work = rest.pop();
      const noted = (span: Loose) => work(generation.beside(span));
      return (tracer.startActiveSpan as Loose)(name, ...rest, noted);
    },
  };
}

function streamOptions(options: Loose, generation: Generation): Loose {
  const { onError, onAbort, onFinish } = options;
  return {
    onError: (event: Loose) => {
      guarded(() => generation.failed(event.error), undefined);
      // What the SDK does of itself.
      return onError ? onError(event) : console.error(event.error);
    },
    onAbort: (event: Loose) => {
      const { aborted, reason } = options.abortSignal ?? {};
      guarded(() => generation.aborted(aborted ? reason : TIMED_OUT), undefined);
      return onAbort?.(event);
    },
    onFinish: (event: Loose) => {
      guarded(() => {
        if (event.error) generation.failed(event.error);
        else finish(generation, event);
      }, undefined);
      return onFinish?.(event);
    },
  };
}

function integrationOf(generation: Generation) {
  const on = (work: (event: Loose) => void) => (event: Loose) =>
    guarded(() => work(event), undefined);
  return {
    onToolCallStart: on(({ toolCall }) => generation.toolStarted(toolCall as ToolCall)),
    onToolCallFinish: on(({ toolCall, success, error, output }) => {
      generation.toolEnded(toolCall as ToolCall, success ? { output } : { error });
    }),
    onStepFinish: on((step) => generation.stepEnded(step as Step)),
  };
}

function finish(generation: Generation, result: Loose): void {
  generation.finished(result.steps ?? [], result.text ?? result.object);
}

/** A model that is only named is left as it is, and only its last error is reported. */
function watch(model: Loose, generation: Generation): Loose {
  const { provider, modelId } = modelOf(model);
  return guarded(
    () =>
      watchedModel(model, (params, execute) => {
        const { prompt: input, tools, abortSignal: signal } = params ?? {};
        const call: ModelCall = { provider, modelId, input, tools, signal };
        return generation.model.record(call, execute);
      }),
    model,
  );
}

function modelOf(model: Loose): { provider?: string; modelId?: string } {
  if (typeof model === 'string') return { modelId: model };
  return { provider: model?.provider, modelId: model?.modelId };
}
