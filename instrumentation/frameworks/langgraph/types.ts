// What users of the LangGraph instrumentation may set.
import type { Tracer } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { Redactor } from '../../redaction/index.ts';

/** Options of {@link LangGraphInstrumentation}. */
export interface LangGraphInstrumentationConfig extends InstrumentationConfig {
  /**
   * The agent that is being evolved.
   * @default `FAULTLINE_AGENT_ID`, else the compiled graph's name, else the service's name
   *   (`OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`), else `LangGraph`
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
