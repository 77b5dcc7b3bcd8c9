// Auto-instrumentation of Mastra's workflows: wraps four methods of one exported class,
// `DefaultExecutionEngine`, through which every run of every workflow goes.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { startAppTracing } from '../../core/app-sdk.ts';
import { guarded, sayOnce } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { withExport } from '../shared/exports.ts';
import { noteHooked } from '../shared/hooked.ts';
import { isTested, type TestedVersions } from '../shared/versions.ts';
import type { Engine, WorkflowsModule } from './internal-types.ts';
import { rememberingStep } from './snapshot.ts';
import { conditionFailed, recordedTry, visitStep } from './steps.ts';
import type { MastraInstrumentationConfig } from './types.ts';
import { recordWorkflow } from './workflow.ts';

const MODULE = '@mastra/core';
const TESTED: TestedVersions = ['1.71', '2.0'];
const VERSION = '0.1.0';
const WRAPPED = Symbol.for('faultline.mastra.wrapped');

type Originals = Required<
  Pick<Engine, 'execute' | 'executeStep' | 'executeStepWithRetry' | 'evaluateCondition'>
>;

/**
 * Records every attempt of every step of every Mastra workflow; the workflows that Mastra's agents are made
 * of are left out. List it in your SDK's `instrumentations`, or let `faultline/register` do so. ESM apps need
 * a loader hook, which `faultline/register` installs; bundled apps call {@link manuallyInstrument}.
 */
export class MastraInstrumentation extends InstrumentationBase<MastraInstrumentationConfig> {
  constructor(config: MastraInstrumentationConfig = {}) {
    super(SCOPE_NAME, VERSION, config);
  }

  protected override init() {
    const module = new InstrumentationNodeModuleDefinition(MODULE, ['*']);
    for (const extension of ['js', 'cjs']) {
      module.files.push(
        new InstrumentationNodeModuleFile(
          `${MODULE}/dist/workflows/index.${extension}`,
          ['*'],
          (exports: WorkflowsModule, version) =>
            isTested(MODULE, version, TESTED) ? this.#patch(exports, version) : exports,
          () => {},
        ),
      );
    }
    return [module];
  }

  /**
   * Instruments Mastra where no hook could see it, such as in a bundle.
   * @param workflows what `import * as workflows from '@mastra/core/workflows'` gives
   * @returns the same with a `createStep()` that remembers functions, so that a changed step is a changed
   *   version of its workflow
   */
  manuallyInstrument<T extends object>(workflows: T): T {
    return this.#patch(workflows as WorkflowsModule) as T;
  }

  #patch(exports: WorkflowsModule, version?: string): WorkflowsModule {
    const prototype = exports.DefaultExecutionEngine?.prototype;
    const { execute, executeStep, executeStepWithRetry, evaluateCondition } = prototype ?? {};
    if (!prototype || !execute || !executeStep || !executeStepWithRetry || !evaluateCondition) {
      sayOnce(
        'mastra',
        `this version of ${MODULE} has another engine; its workflows are not recorded`,
      );
      return exports;
    }
    noteHooked('Mastra', version);
    // Two instances (register and the app's own list) must not record a run twice.
    if (!Object.hasOwn(prototype, WRAPPED)) {
      Object.defineProperty(prototype, WRAPPED, { value: true });
      this.#wrap(prototype, { execute, executeStep, executeStepWithRetry, evaluateCondition });
    }
    return guarded(() => withRememberingStep(exports), exports);
  }

  #wrap(prototype: Engine, original: Originals): void {
    const { execute, executeStep, executeStepWithRetry, evaluateCondition } = original;
    const instrumentation = this;
    prototype.execute = function (this: Engine, params) {
      const work = () => execute.call(this, params);
      if (!instrumentation.#records(this)) return work();
      startAppTracing();
      return recordWorkflow(params, () => instrumentation.#means(), work);
    };
    prototype.executeStep = function (this: Engine, params) {
      const work = () => executeStep.call(this, params);
      return instrumentation.#records(this) ? visitStep(params, work) : work();
    };
    prototype.executeStepWithRetry = function (this: Engine, stepId, runStep, params) {
      const records = instrumentation.#records(this);
      const tried = records
        ? guarded(() => recordedTry(runStep, params?.retries ?? 0), runStep)
        : runStep;
      return executeStepWithRetry.call(this, stepId, tried, params);
    };
    prototype.evaluateCondition = async function (this: Engine, condition, index, context, id) {
      try {
        return await evaluateCondition.call(this, condition, index, context, id);
      } catch (error) {
        if (instrumentation.#records(this)) {
          guarded(() => conditionFailed(index, context?.inputData, error), undefined);
        }
        throw error;
      }
    };
  }

  /** Mastra's agents are workflows as well, which it marks as its own. */
  #records(engine: Engine): boolean {
    return this.isEnabled() && !guarded(() => engine.options?.tracingPolicy?.internal, undefined);
  }

  #means() {
    const config = this.getConfig();
    const tracer = config.tracer ?? (config.useAppProvider ? this.tracer : defaultTracer());
    return { tracer, redactor: config.redact, agentId: config.agentId };
  }
}

function withRememberingStep(exports: WorkflowsModule): WorkflowsModule {
  const { createStep } = exports;
  if (typeof createStep !== 'function' || Object.hasOwn(createStep, WRAPPED)) return exports;
  const ours = rememberingStep(createStep);
  Object.defineProperty(ours, WRAPPED, { value: true });
  return withExport(exports, 'createStep', ours);
}
