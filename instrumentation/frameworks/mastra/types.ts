// What users of the Mastra instrumentation may set.
import type { Tracer } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { Redactor } from '../../redaction/index.ts';

/** Options of {@link MastraInstrumentation}. */
export interface MastraInstrumentationConfig extends InstrumentationConfig {
  /**
   * The agent that is being evolved.
   * @default `FAULTLINE_AGENT_ID`, else the workflow's id
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
