// Auto-instrumentation of @openai/agents: adds a tracing processor, wraps one method, `Runner.run`, to know
// what a run was given and what it threw, and `tool()` to know what tools throw.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
} from '@opentelemetry/instrumentation';
import { startAppTracing } from '../../core/app-sdk.ts';
import { guarded, sayOnce } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { withExport } from '../shared/exports.ts';
import { noteHooked } from '../shared/hooked.ts';
import { isTested, type TestedVersions } from '../shared/versions.ts';
import type { AgentsModule, Run, TraceProvider } from './internal-types.ts';
import { OperationsProcessor } from './processor.ts';
import { listenTo, recordRun } from './runs.ts';
import { recordedTool } from './tools.ts';
import type { OpenAIAgentsInstrumentationConfig } from './types.ts';

const PACKAGE = '@openai/agents';
const MODULE = '@openai/agents-core';
const TESTED: TestedVersions = ['0.14', '0.21'];
const VERSION = '0.1.0';
const WRAPPED = Symbol.for('faultline.openai-agents.wrapped');

/** One for the process: providers are shared by all copies of the SDK. */
const processor = new OperationsProcessor();
const providers = new WeakSet<TraceProvider>();

/**
 * Records the runs of OpenAI Agents: each agent that has the floor is a node. List it in your SDK's
 * `instrumentations`, or let `faultline/register` do so. ESM apps need a loader hook, which
 * `faultline/register` installs; bundled apps call {@link manuallyInstrument}.
 */
export class OpenAIAgentsInstrumentation extends InstrumentationBase<OpenAIAgentsInstrumentationConfig> {
  constructor(config: OpenAIAgentsInstrumentationConfig = {}) {
    super(SCOPE_NAME, VERSION, config);
  }

  protected override init() {
    const module = new InstrumentationNodeModuleDefinition(
      MODULE,
      ['*'],
      (exports: AgentsModule, version) =>
        isTested(PACKAGE, version, TESTED) ? this.#patch(exports, version) : exports,
      () => {},
    );
    return [module];
  }

  /**
   * Instruments an SDK that no hook could see, such as a bundled one.
   * @param agents what `import * as agents from '@openai/agents'` gives
   * @returns the same with a `tool()` whose functions report what they throw; of tools that were made with the
   *   SDK's own, only what the SDK's tracing says is reported
   */
  manuallyInstrument<T extends object>(agents: T): T {
    return this.#patch(agents as AgentsModule) as T;
  }

  #patch(exports: AgentsModule, version?: string): AgentsModule {
    const prototype = exports.Runner?.prototype;
    const original = prototype?.run;
    if (!prototype || typeof original !== 'function') {
      sayOnce('openai-agents', `this version of ${PACKAGE} has no Runner.run; it is not recorded`);
      return exports;
    }
    noteHooked('OpenAI Agents', version);
    // Two instances (register and the app's own list) must not record a run twice.
    if (!Object.hasOwn(prototype, WRAPPED)) {
      Object.defineProperty(prototype, WRAPPED, { value: true });
      prototype.run = this.#recorded(original, exports);
    }
    return guarded(() => withRecordedTools(exports), exports);
  }

  #recorded(original: Run, exports: AgentsModule): Run {
    const instrumentation = this;
    return function run(agent, input, options) {
      const work = () => original.call(this, agent, input, options);
      if (!instrumentation.isEnabled()) return work();
      startAppTracing();
      guarded(() => {
        follow(exports.getGlobalTraceProvider?.());
        listenTo(this);
      }, undefined);
      const spanAround = guarded(() => exports.getCurrentSpan?.()?.spanId, undefined);
      const means = { ...instrumentation.#means(), spanAround };
      return recordRun({ runner: this, agent, input, options }, means, work);
    };
  }

  #means() {
    const config = this.getConfig();
    const tracer = config.tracer ?? (config.useAppProvider ? this.tracer : defaultTracer());
    return { tracer, redactor: config.redact, agentId: config.agentId };
  }
}

/** Adds our processor, again if the app has replaced all of them. */
function follow(provider: TraceProvider | undefined): void {
  if (!provider || (providers.has(provider) && !processor.removed)) return;
  processor.removed = false;
  providers.add(provider);
  provider.registerProcessor?.(processor);
}

function withRecordedTools(exports: AgentsModule): AgentsModule {
  const { tool, getCurrentSpan } = exports;
  if (typeof tool !== 'function' || Object.hasOwn(tool, WRAPPED)) return exports;
  const ours = recordedTool(tool, () => guarded(() => getCurrentSpan?.() ?? null, null));
  Object.defineProperty(ours, WRAPPED, { value: true });
  return withExport(exports, 'tool', ours);
}
