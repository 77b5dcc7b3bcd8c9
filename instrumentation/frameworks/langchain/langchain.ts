// Sees what LangChain's tools throw, which the nodes that call them keep to themselves: wraps one method
// of one class, `StructuredTool.invoke`. The agents of `createAgent` are graphs of LangGraph and
// recorded as such; see ../langgraph/.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { type Place, places } from '../langgraph/place.ts';
import { isAbortLike } from '../shared/abort.ts';

const MODULE = '@langchain/core';
const SUPPORTED = ['>=1.0.0 <2'];
const VERSION = '0.1.0';
const WRAPPED = Symbol.for('faultline.langchain.wrapped');

type Invoke = (this: unknown, input: unknown, config?: unknown) => Promise<unknown>;

/**
 * Records with which error a tool failed that an agent of LangChain or a node of LangGraph called, beside
 * {@link LangGraphInstrumentation}; without it the messages that the tools' nodes make of errors are
 * all that is known.
 */
export class LangChainInstrumentation extends InstrumentationBase {
  constructor() {
    super(SCOPE_NAME, VERSION, {});
  }

  protected override init() {
    const module = new InstrumentationNodeModuleDefinition(MODULE, SUPPORTED);
    for (const extension of ['js', 'cjs']) {
      module.files.push(
        new InstrumentationNodeModuleFile(
          `${MODULE}/dist/tools/index.${extension}`,
          SUPPORTED,
          (exports: object) => this.#patch(exports),
          () => {},
        ),
      );
    }
    return [module];
  }

  /**
   * Instruments a module that no hook could see, such as a bundled one.
   * @param tools what `import * as tools from '@langchain/core/tools'` gives
   */
  manuallyInstrument(tools: object): void {
    this.#patch(tools);
  }

  #patch<T extends object>(exports: T): T {
    const prototype = readProperty(readProperty(exports, 'StructuredTool'), 'prototype');
    const original = readProperty(prototype, 'invoke') as Invoke | undefined;
    if (typeof prototype !== 'object' || prototype === null) return exports;
    if (typeof original !== 'function' || Object.hasOwn(prototype, WRAPPED)) return exports;
    Object.defineProperty(prototype, WRAPPED, { value: true });
    const instrumentation = this;
    Reflect.set(prototype, 'invoke', async function (this: unknown, input, config) {
      const place = instrumentation.isEnabled() ? places.getStore() : undefined;
      if (!place?.inside) return await original.call(this, input, config);
      const startTime = Date.now();
      try {
        return await original.call(this, input, config);
      } catch (error) {
        guarded(() => threw(place, { tool: this, input, config, error, startTime }), undefined);
        throw error;
      }
    } satisfies Invoke);
    return exports;
  }
}

interface Call {
  readonly tool: unknown;
  readonly input: unknown;
  readonly config: unknown;
  readonly error: unknown;
  readonly startTime: number;
}

function threw(place: Place, { tool, input, config, error, startTime }: Call): void {
  const signal = readProperty(config, 'signal');
  if (signal instanceof AbortSignal && signal.aborted && isAbortLike(error, signal)) return;
  const isCall = readProperty(input, 'type') === 'tool_call';
  const callId = readProperty(isCall ? input : readProperty(config, 'toolCall'), 'id');
  place.inside?.toolErrors.add({
    tool: String(readProperty(tool, 'name') ?? ''),
    callId: typeof callId === 'string' ? callId : undefined,
    input: isCall ? readProperty(input, 'args') : input,
    error,
    startTime,
  });
}
