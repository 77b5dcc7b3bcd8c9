// Calls of LangChain's tools and models inside a node of LangGraph: what they throw is kept for the end of the
// node's attempt. What they return and throw goes on unchanged.
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { type Place, places, type StartedCall } from '../langgraph/place.ts';
import { isAbortLike } from '../shared/abort.ts';

/** A call, and what may stop it. */
interface Call extends StartedCall {
  readonly signal: unknown;
}

export function callOfTool(tool: object, input: unknown, config: unknown): Call {
  const isCall = readProperty(input, 'type') === 'tool_call';
  const callId = readProperty(isCall ? input : readProperty(config, 'toolCall'), 'id');
  return {
    kind: 'execute_tool',
    target: String(readProperty(tool, 'name') ?? ''),
    callId: typeof callId === 'string' ? callId : undefined,
    input: isCall ? readProperty(input, 'args') : input,
    signal: readProperty(config, 'signal'),
  };
}

export function callOfModel(model: object, input: unknown): Call {
  const name = readProperty(model, 'model') ?? readProperty(model, 'modelName');
  return {
    kind: 'chat',
    target: typeof name === 'string' ? name : '',
    input,
    // LangGraph's own signal is looked at when the node ends.
    signal: undefined,
  };
}

export async function seeCall(call: Call, work: () => unknown): Promise<unknown> {
  const place = placeOf(call);
  if (!place) return await work();
  const startTime = Date.now();
  try {
    return await places.run(place, work);
  } catch (error) {
    failed(place, call, error, startTime);
    throw error;
  }
}

/** The same for a call that answers in steps. */
export function seeSteps(call: Call, work: () => unknown): unknown {
  const place = placeOf(call);
  if (!place) return work();
  const startTime = Date.now();
  const steps = places.run(place, work) as AsyncGenerator<unknown>;
  const step =
    (name: 'next' | 'return' | 'throw') =>
    async (...sent: unknown[]) => {
      try {
        return await places.run(place, () => Reflect.apply(steps[name], steps, sent));
      } catch (error) {
        if (name !== 'throw') failed(place, call, error, startTime);
        throw error;
      }
    };
  const seen = { next: step('next'), return: step('return'), throw: step('throw') };
  return Object.setPrototypeOf(seen, Object.getPrototypeOf(steps) as object);
}

/** Work that `AsyncCaller` does again while it throws: the tries of a model's call. */
export function seeTries(work: unknown): unknown {
  const place = places.getStore();
  const call = place?.inside?.model;
  if (!place || !call || typeof work !== 'function') return work;
  let hasFailed = false;
  return async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    if (hasFailed) guarded(() => place.inside?.failedCalls.starts(call), undefined);
    const startTime = Date.now();
    try {
      return await Reflect.apply(work, this, args);
    } catch (error) {
      hasFailed = true;
      failed(place, { ...call, signal: undefined }, error, startTime);
      throw error;
    }
  };
}

/** The place of what goes on in the call; undefined outside of a node. */
function placeOf(call: Call): Place | undefined {
  const around = places.getStore();
  const { inside } = around ?? {};
  if (!around || !inside) return undefined;
  guarded(() => inside.failedCalls.starts(call), undefined);
  const model = call.kind === 'chat' ? call : undefined;
  return Object.create(around, { inside: { value: { ...inside, model } } });
}

function failed(place: Place, call: Call, error: unknown, startTime: number): void {
  guarded(() => {
    const { signal, ...started } = call;
    if (signal instanceof AbortSignal && signal.aborted && isAbortLike(error, signal)) return;
    place.inside?.failedCalls.add({ ...started, error, startTime });
  }, undefined);
}
