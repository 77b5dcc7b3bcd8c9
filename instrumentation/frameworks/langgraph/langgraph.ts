// Auto-instrumentation of @langchain/langgraph 1.x: wraps one method of one class, `Pregel._runLoop`,
// through which every run of every graph goes, and from there the objects of that one run.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { startAppTracing } from '../../core/app-sdk.ts';
import { readProperty } from '../../core/exception.ts';
import { sayOnce } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { noteHooked } from '../shared/hooked.ts';
import { isTested } from '../shared/versions.ts';
import type { Compiled, RunLoopParams } from './internal-types.ts';
import { recordLoop } from './loop.ts';
import type { LangGraphInstrumentationConfig } from './types.ts';

const MODULE = '@langchain/langgraph';
const TESTED = ['1.0', '2.0'] as const;
const VERSION = '0.1.0';
const WRAPPED = Symbol.for('faultline.langgraph.wrapped');

type RunLoop = (this: Compiled, params: RunLoopParams) => Promise<void>;

/**
 * Records every attempt of every node of every LangGraph graph. List it in your SDK's
 * `instrumentations`, or let `faultline/register` do so. ESM apps need a loader hook, which
 * `faultline/register` installs; bundled apps call {@link manuallyInstrument}.
 */
export class LangGraphInstrumentation extends InstrumentationBase<LangGraphInstrumentationConfig> {
  constructor(config: LangGraphInstrumentationConfig = {}) {
    super(SCOPE_NAME, VERSION, config);
  }

  protected override init() {
    const module = new InstrumentationNodeModuleDefinition(MODULE, ['*']);
    for (const extension of ['js', 'cjs']) {
      module.files.push(
        new InstrumentationNodeModuleFile(
          `${MODULE}/dist/pregel/index.${extension}`,
          ['*'],
          (exports: object, version?: string) =>
            isTested(MODULE, version, TESTED) ? this.#patch(exports, version) : exports,
          () => {},
        ),
      );
    }
    return [module];
  }

  /**
   * Instruments a LangGraph module that no hook could see, such as a bundled one.
   * @param langgraph what `import * as langgraph from '@langchain/langgraph'` gives
   */
  manuallyInstrument(langgraph: object): void {
    this.#patch(langgraph);
  }

  #patch<T extends object>(exports: T, version?: string): T {
    const prototype = pregelPrototype(exports);
    const original = prototype && (Reflect.get(prototype, '_runLoop') as RunLoop);
    if (!prototype || !original) {
      sayOnce(
        'langgraph',
        `this version of ${MODULE} has no Pregel._runLoop; its graphs are not recorded`,
      );
      return exports;
    }
    noteHooked('LangGraph', version);
    // Two instances (register and the app's own list) must not record a run twice.
    if (Object.hasOwn(prototype, WRAPPED)) return exports;
    Object.defineProperty(prototype, WRAPPED, { value: true });
    const instrumentation = this;
    Reflect.set(prototype, '_runLoop', function (this: Compiled, params: RunLoopParams) {
      if (!instrumentation.isEnabled()) return original.call(this, params);
      startAppTracing();
      return recordLoop(this, params, instrumentation.#means(), () => original.call(this, params));
    } satisfies RunLoop);
    return exports;
  }

  #means() {
    const config = this.getConfig();
    const tracer = config.tracer ?? (config.useAppProvider ? this.tracer : defaultTracer());
    return { tracer, redactor: config.redact, agentId: config.agentId };
  }
}

/** `Pregel.prototype`, found from `Pregel` itself or from a class that extends it. */
function pregelPrototype(exports: object): object | undefined {
  for (const name of ['Pregel', 'CompiledStateGraph', 'CompiledGraph']) {
    let prototype = readProperty(readProperty(exports, name), 'prototype');
    while (typeof prototype === 'object' && prototype !== null) {
      const method = Object.hasOwn(prototype, '_runLoop') && readProperty(prototype, '_runLoop');
      if (typeof method === 'function') return prototype;
      prototype = Object.getPrototypeOf(prototype);
    }
  }
  return undefined;
}
