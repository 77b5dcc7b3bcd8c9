// What users of the AI SDK's instrumentation may set.
import type { Tracer } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { Redactor } from '../../redaction/index.ts';

/** Options of {@link instrumentAiSdk} and {@link aiSdkTelemetry}. */
export interface AiSdkOptions {
  /**
   * The agent that is being evolved.
   * @default `FAULTLINE_AGENT_ID`, else the call's `functionId` or the agent's `id`, else the service's
   *   name (`OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`), else `ai-sdk`
   */
  agentId?: string;
  /**
   * Changes what the snapshot holds: for instructions that differ with every call, which would make every
   * call a version of its own.
   */
  graph?: (graph: AiSdkGraph) => unknown;
  /**
   * Makes the spans instead of the private pipeline.
   * @default the private pipeline, see {@link createPipeline}
   */
  tracer?: Tracer;
  /** Replaces the built-in redaction, see {@link redactPaths}; if it throws, the field is dropped. */
  redact?: Redactor;
}

/** Options of {@link AiSdkInstrumentation}. */
export interface AiSdkInstrumentationConfig extends InstrumentationConfig, AiSdkOptions {}

/** A call as a graph: the model, each of its tools, and the way from one to the other. */
export interface AiSdkGraph {
  readonly id: string;
  readonly entry: 'model';
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly edges: readonly Readonly<Record<string, unknown>>[];
}
