// The ways in: `faultline/register` for an app that knows nothing of it, `instrumentAiSdk` for a bundled
// one, `aiSdkTelemetry` for calls that name their telemetry integrations themselves.
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
} from '@opentelemetry/instrumentation';
import { guarded, sayOnce } from '../../core/guard.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import { noteHooked } from '../shared/hooked.ts';
import { isTested } from '../shared/versions.ts';
import { type AiSdkTelemetry, createTelemetry, TESTED } from './telemetry.ts';
import type { AiSdkInstrumentationConfig, AiSdkOptions } from './types.ts';
import { warnOfUnclaimed } from './unclaimed.ts';
import { wrappedExports } from './wrap.ts';

const MODULE = 'ai';
const VERSION = '0.1.0';

/** Where `registerTelemetry` of version 7 keeps what it is given, for all copies of the SDK. */
const registry = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown[] };
const REGISTERED = Symbol.for('faultline.ai-sdk.registered');

/**
 * Records `generateText`, `streamText`, `generateObject`, `streamObject` and the agents of `ai` 6 and 7.
 * Version 7 reports it all by itself; version 6 needs a loader hook, which `faultline/register` installs,
 * or {@link instrumentAiSdk}.
 */
export class AiSdkInstrumentation extends InstrumentationBase<AiSdkInstrumentationConfig> {
  constructor(config: AiSdkInstrumentationConfig = {}) {
    super(SCOPE_NAME, VERSION, config);
    register(this.#means);
  }

  protected override init() {
    // Version 7 is seen here only if it is loaded as CommonJS; there is nothing to wrap in it.
    return [
      new InstrumentationNodeModuleDefinition(
        MODULE,
        ['*'],
        (exports: object, version?: string) => {
          if (!isTested(MODULE, version, TESTED) || !isVersion6(exports)) return exports;
          return guarded(() => {
            noteHooked('AI SDK', version);
            return replace(exports, this.#means);
          }, exports);
        },
      ),
    ];
  }

  readonly #means = () => (this.isEnabled() ? this.getConfig() : undefined);
}

/**
 * Records the calls of an `ai` module that no hook could see, such as a bundled one.
 * @param ai what `import * as ai from 'ai'` gives
 * @returns what to use in its place: of version 6 a copy with wrapped functions, of version 7 `ai` itself
 *
 * ```ts
 * import * as sdk from 'ai';
 * const { generateText, ToolLoopAgent } = instrumentAiSdk(sdk, { agentId: 'support' });
 * ```
 */
export function instrumentAiSdk<T extends object>(ai: T, options: AiSdkOptions = {}): T {
  return guarded(() => {
    noteHooked('AI SDK');
    if (isVersion6(ai)) return { ...ai, ...wrappedExports(ai, () => options) };
    if ('registerTelemetry' in ai) register(() => options);
    else {
      sayOnce(
        'ai-sdk',
        'this version of ai is neither 6 nor 7: its calls are not recorded; instrumentGraph and instrumentNode work with any version',
      );
    }
    return ai;
  }, ai);
}

/**
 * A telemetry integration for one call of version 7. A call that names integrations of its own is not reported
 * to those that were registered for all.
 *
 * ```ts
 * await generateText({ model, prompt, telemetry: { integrations: [mine, aiSdkTelemetry()] } });
 * ```
 */
export function aiSdkTelemetry(options: AiSdkOptions = {}): AiSdkTelemetry {
  return createTelemetry(() => options);
}

function register(means: () => AiSdkOptions | undefined): void {
  const integrations = registry.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
  registry.AI_SDK_TELEMETRY_INTEGRATIONS = integrations;
  // Two of them must not record a call twice.
  if (integrations.some((known) => (known as { [REGISTERED]?: true })?.[REGISTERED])) return;
  integrations.push(Object.assign(createTelemetry(means), { [REGISTERED]: true }));
  warnOfUnclaimed(() => means() !== undefined);
}

function isVersion6(ai: object): boolean {
  return 'ToolLoopAgent' in ai && !('registerTelemetry' in ai);
}

/** A module's namespace is changed in place, as its importers hold it; what `require` gives is not. */
function replace(exports: object, means: () => AiSdkOptions | undefined): object {
  const wrapped = wrappedExports(exports, means);
  if (Reflect.get(exports, Symbol.toStringTag) !== 'Module') return { ...exports, ...wrapped };
  for (const [name, value] of Object.entries(wrapped)) Reflect.set(exports, name, value);
  return exports;
}
