// Sees what LangChain's tools and models throw, which the nodes that call them may keep to themselves: wraps
// `StructuredTool.invoke`, `BaseChatModel.invoke` and its streams, and the tries of `AsyncCaller`. The agents of
// `createAgent` are graphs of LangGraph and recorded as such; see ../langgraph/.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { callOfModel, callOfTool, seeCall, seeSteps, seeTries } from './calls.ts';

const MODULE = '@langchain/core';
const SUPPORTED = ['>=1.0.0 <2'];
const VERSION = '0.1.0';
const FILES = ['tools/index', 'language_models/chat_models', 'utils/async_caller'];
const WRAPPED = Symbol.for('faultline.langchain.wrapped');

type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * Records with which error a tool or a model failed that an agent of LangChain or a node of LangGraph called, beside
 * {@link LangGraphInstrumentation}; without it the messages that the tools' nodes make of errors are
 * all that is known.
 */
export class LangChainInstrumentation extends InstrumentationBase {
  constructor() {
    super(SCOPE_NAME, VERSION, {});
  }

  protected override init() {
    const module = new InstrumentationNodeModuleDefinition(MODULE, SUPPORTED);
    for (const file of FILES.flatMap((name) => [`${name}.js`, `${name}.cjs`])) {
      module.files.push(
        new InstrumentationNodeModuleFile(
          `${MODULE}/dist/${file}`,
          SUPPORTED,
          (exports: object) => this.#patch(exports),
          () => {},
        ),
      );
    }
    return [module];
  }

  /**
   * Instruments modules that no hook could see, such as bundled ones.
   * @param modules what `import * as tools from '@langchain/core/tools'` gives, and the same for
   *   `…/language_models/chat_models` and `…/utils/async_caller`
   */
  manuallyInstrument(...modules: object[]): void {
    for (const exports of modules) this.#patch(exports);
  }

  #patch<T extends object>(exports: T): T {
    this.#wrap(exports, 'StructuredTool', 'invoke', (original) => {
      return function (input, config) {
        return seeCall(callOfTool(this, input, config), () => original.call(this, input, config));
      };
    });
    this.#wrap(exports, 'BaseChatModel', 'invoke', (original) => {
      return function (input, options) {
        return seeCall(callOfModel(this, input), () => original.call(this, input, options));
      };
    });
    this.#wrap(exports, 'BaseChatModel', '_streamIterator', (original) => {
      return function (input, options) {
        return seeSteps(callOfModel(this, input), () => original.call(this, input, options));
      };
    });
    this.#wrap(exports, 'AsyncCaller', 'call', (original) => {
      return function (work, ...args) {
        return original.call(this, seeTries(work), ...args);
      };
    });
    return exports;
  }

  #wrap(exports: object, of: string, name: string, wrapped: (original: Method) => Method): void {
    const prototype = readProperty(readProperty(exports, of), 'prototype');
    const original = readProperty(prototype, name) as Method | undefined;
    if (typeof prototype !== 'object' || prototype === null) return;
    if (typeof original !== 'function' || readProperty(original, WRAPPED) === true) return;
    const instrumentation = this;
    const around = wrapped(original);
    const method: Method = function (...args) {
      return (instrumentation.isEnabled() ? around : original).apply(this, args);
    };
    Object.defineProperty(method, WRAPPED, { value: true });
    guarded(() => Reflect.set(prototype, name, method), undefined);
  }
}
