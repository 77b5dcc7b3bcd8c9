// What the instrumentations of most frameworks have in common: their options, and how their spans are made.
import type { Tracer } from '@opentelemetry/api';
import {
  InstrumentationBase,
  type InstrumentationConfig,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { startAppTracing } from '../../core/app-sdk.ts';
import { guarded } from '../../core/guard.ts';
import { defaultTracer } from '../../delivery/default.ts';
import { SCOPE_NAME } from '../../delivery/pipeline.ts';
import type { Redactor } from '../../redaction/index.ts';
import { noteHooked } from './hooked.ts';
import { isTested, type TestedVersions } from './versions.ts';

const VERSION = '0.1.0';
const WRAPPED = Symbol.for('faultline.wrapped');

/** Options of {@link FrameworkInstrumentation}. */
export interface FrameworkConfig extends InstrumentationConfig {
  /**
   * The agent that is being evolved.
   * @default `FAULTLINE_AGENT_ID`, else the name that the framework has for it
   */
  agentId?: string;
  /**
   * Makes the spans instead of the private pipeline.
   * @default the private pipeline, see {@link createPipeline}
   */
  tracer?: Tracer;
  /**
   * Sends the spans through the app's own tracer provider. Then the app's sampler decides which
   * failures arrive: at 0 % none does.
   * @default false
   */
  useAppProvider?: boolean;
  /** Replaces the built-in redaction, see {@link redactPaths}; if it throws, the field is dropped. */
  redact?: Redactor;
}

/** How a run's spans are made. */
export interface RunMeans {
  readonly tracer: Tracer;
  readonly redactor: Redactor | undefined;
  readonly agentId: string | undefined;
}

/** One package that is hooked, and which of its files hold what is wrapped. */
export interface HookedPackage {
  /** As in the line that says what is recorded. */
  readonly framework: string;
  readonly name: string;
  readonly tested: TestedVersions;
  /** Below the package's folder; none for the file that the package's name stands for. */
  readonly files: readonly string[];
}

/** Any class of a framework, by its prototype. */
export type Methods = Record<string, unknown>;

/** Wraps methods of a framework's exported classes. */
export abstract class FrameworkInstrumentation extends InstrumentationBase<FrameworkConfig> {
  constructor(config: FrameworkConfig = {}) {
    super(SCOPE_NAME, VERSION, config);
  }

  protected abstract readonly packages: readonly HookedPackage[];

  /** Wraps what a module exports; returns the module, or what takes its place. */
  protected abstract patch(exports: object): object;

  protected override init() {
    return this.packages.map(({ framework, name, tested, files }) => {
      const patch = (exports: object, version?: string): object => {
        if (!isTested(name, version, tested)) return exports;
        noteHooked(framework, version);
        return guarded(() => this.patch(exports), exports);
      };
      const isWhole = files.length === 0;
      const module = isWhole
        ? new InstrumentationNodeModuleDefinition(name, ['*'], patch, () => {})
        : new InstrumentationNodeModuleDefinition(name, ['*']);
      for (const file of files) {
        module.files.push(
          new InstrumentationNodeModuleFile(`${name}/${file}`, ['*'], patch, () => {}),
        );
      }
      return module;
    });
  }

  /** `undefined` while it is switched off. */
  protected readonly means = (): RunMeans | undefined => {
    if (!this.isEnabled()) return undefined;
    const config = this.getConfig();
    const tracer = config.tracer ?? (config.useAppProvider ? this.tracer : defaultTracer());
    startAppTracing();
    return { tracer, redactor: config.redact, agentId: config.agentId };
  };
}

/**
 * Replaces a method of a class, once, however many instrumentations there are.
 * @param around makes the method that takes the place of `original`
 */
export function wrapMethod<Method extends (this: never, ...args: never[]) => unknown>(
  exports: object,
  className: string,
  method: string,
  around: (original: Method) => Method,
): void {
  const prototype = guarded(() => prototypeOf(exports, className), undefined);
  const original = prototype?.[method];
  if (!prototype || typeof original !== 'function' || Object.hasOwn(original, WRAPPED)) return;
  const ours = around(original as Method);
  Object.defineProperty(ours, WRAPPED, { value: true });
  Object.defineProperty(ours, 'name', { value: method, configurable: true });
  prototype[method] = ours;
}

function prototypeOf(exports: object, className: string): Methods | undefined {
  const found: unknown = Reflect.get(exports, className);
  return typeof found === 'function' ? (found.prototype as Methods) : undefined;
}
