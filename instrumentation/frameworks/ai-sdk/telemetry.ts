// Version 7: the SDK passes a telemetry integration all that is needed, so nothing is wrapped.
//
// A call is known by its `callId` from onStart to its end: onEnd, onAbort, onStepError or onError, whichever
// comes first.

import { guarded } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { isTested, type TestedVersions } from '../shared/versions.ts';
import { lastErrorOf } from './errors.ts';
import { Generation } from './generation.ts';
import type { CallStart, ModelCall, PreparedTool, Step, ToolCall } from './internal-types.ts';
import { ModelOutput } from './output.ts';
import { places } from './place.ts';
import type { AiSdkOptions } from './types.ts';
import { claim, release } from './unclaimed.ts';

/** Versions of `ai` that are recorded. */
export const TESTED: TestedVersions = ['6.0', '8.0'];

const OPERATIONS = /^ai\.(generateText|streamText|generateObject|streamObject)$/;
const SETTINGS = [
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stopSequences',
  'seed',
  'reasoning',
  'timeout',
  'activeTools',
];

// biome-ignore lint/suspicious/noExplicitAny: events of a framework that is not there when this is compiled
type Event = Record<string, any>;

/** What `registerTelemetry` of `ai` takes. */
export type AiSdkTelemetry = Readonly<Record<string, (event: Event) => unknown>>;

/** Makes the integration that records calls; each of its methods is skipped if it goes wrong. */
export function createTelemetry(means: () => AiSdkOptions | undefined): AiSdkTelemetry {
  const calls = new Map<string, Generation>();
  const objects = new Map<string, ReturnType<Generation['model']['open']>>();
  const of = (event: Event) => calls.get(event.callId);
  const on = (work: (event: Event, call: Generation) => void) => (event: Event) => {
    const call = of(event);
    if (call) guarded(() => work(event, call), undefined);
  };
  const end = (work: (event: Event, call: Generation) => void) =>
    on((event, call) => {
      if (event.error) objects.get(event.callId)?.failed(lastErrorOf(event.error), 'llm.call');
      work(event, call);
    });
  const begin = (event: Event, options: AiSdkOptions) => {
    const { callId } = event;
    if (!claim(callId)) return;
    const forget = () => {
      release(callId);
      calls.delete(callId);
      objects.delete(callId);
    };
    const tracer = options.tracer ?? defaultTracer();
    calls.set(callId, new Generation(startOf(event), options, tracer, forget));
  };
  const ended = end((event, call) => {
    if (event.error) call.failed(event.error);
    else call.finished(event.steps ?? [], event.text ?? event.object);
  });
  return {
    onStart(event) {
      const options = guarded(means, undefined);
      // Version 6 calls integrations too, without an id.
      if (!options || typeof event.callId !== 'string' || !OPERATIONS.test(event.operationId))
        return;
      if (!isTested('ai', event.aiVersion, TESTED)) return;
      guarded(() => begin(event, options), undefined);
    },
    executeLanguageModelCall(event) {
      const call = of(event);
      return call ? call.model.record(modelCallOf(event), event.execute) : event.execute();
    },
    onObjectStepStart: on((event, call) => {
      objects.set(event.callId, call.model.open(modelCallOf(event), 1));
    }),
    onObjectStepEnd: on((event) => {
      const content = [{ type: 'text', text: event.objectText }];
      objects
        .get(event.callId)
        ?.returned(ModelOutput.of({ content, finishReason: event.finishReason }));
    }),
    onToolExecutionStart: on((event, call) => call.toolStarted(toolCallOf(event))),
    executeTool(event) {
      const call = of(event);
      return call ? places.run(call.placeOfTool(event.toolCallId), event.execute) : event.execute();
    },
    onToolExecutionEnd: on((event, call) => {
      const { type, error, output } = event.toolOutput;
      call.toolEnded(toolCallOf(event), type === 'tool-error' ? { error } : { output });
    }),
    onStepEnd: on((event, call) => call.stepEnded(event as Step)),
    onStepError: end((event, call) => call.failed(event.error)),
    onEnd(event) {
      // The output is held against its schema only now, and onError shows what comes of it.
      if (of(event)?.checksOutput) setImmediate(() => ended(event));
      else ended(event);
    },
    onAbort: end((event, call) => call.aborted(event.reason)),
    onError: end((event, call) => call.failed(event.error)),
  };
}

function startOf(event: Event): CallStart {
  return {
    operation: event.operationId.slice('ai.'.length),
    functionId: event.functionId,
    provider: event.provider,
    modelId: event.modelId,
    instructions: event.instructions ?? event.system,
    input: event.messages ?? event.prompt,
    toolChoice: event.toolChoice,
    settings: settingsOf(event),
    maxRetries: event.maxRetries,
    sessionId: sessionOf(event.runtimeContext),
    hidesInputs: event.recordInputs === false,
    hidesOutputs: event.recordOutputs === false,
    checksOutput: event.operationId === 'ai.generateText' && event.output !== undefined,
  };
}

function modelCallOf(event: Event): ModelCall {
  const { provider, modelId } = event;
  const input = event.messages ?? event.promptMessages;
  return { provider, modelId, input, tools: event.tools as readonly PreparedTool[] };
}

function toolCallOf(event: Event): ToolCall {
  return event.toolCall as ToolCall;
}

/** What of the options belongs to the graph, as far as set. */
export function settingsOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const set = SETTINGS.map((key) => [key, options[key]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}

/** The conversation, if the app names it in what it passes of a call. */
export function sessionOf(call: unknown): string | undefined {
  const { sessionId } = (call ?? {}) as { sessionId?: unknown };
  return typeof sessionId === 'string' ? sessionId : undefined;
}
