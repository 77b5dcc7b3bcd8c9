// The parts of the SDK's objects that are read or wrapped, as of 0.14 to 0.20. All are optional here: what is
// missing is done without.

/** What is exported by `@openai/agents-core`, and by `@openai/agents`. */
export interface AgentsModule {
  Runner?: { prototype: { run?: Run } };
  tool?: ToolFactory;
  getCurrentSpan?(): SdkSpan | null;
  getGlobalTraceProvider?(): TraceProvider;
}

export interface TraceProvider {
  registerProcessor?(processor: TracingProcessor): void;
}

export type Run = (
  this: Runner,
  agent: Agent,
  input: unknown,
  options?: RunOptions,
) => Promise<unknown>;

export interface Runner {
  on?(event: string, listener: (...args: never[]) => void): unknown;
  config?: { workflowName?: string; groupId?: string; model?: unknown };
}

export interface RunOptions {
  stream?: boolean;
  signal?: AbortSignal;
  conversationId?: string;
  session?: { sessionId?: unknown };
}

/** Of a run that does not stream, and of one that does once `completed`. */
export interface Result {
  cancelled?: boolean;
  interruptions?: readonly unknown[];
}

export interface Agent {
  name?: string;
  instructions?: unknown;
  handoffDescription?: string;
  handoffs?: readonly (Agent | Handoff)[];
  model?: unknown;
  modelSettings?: unknown;
  tools?: readonly Tool[];
  mcpServers?: readonly { name?: string }[];
  inputGuardrails?: readonly { name?: string }[];
  outputGuardrails?: readonly { name?: string }[];
  outputType?: unknown;
  outputSchemaName?: string;
  toolUseBehavior?: unknown;
}

export interface Handoff {
  agent?: Agent;
  agentName?: string;
  toolName?: string;
  inputFilter?: unknown;
}

export interface Tool {
  type?: string;
  name?: string;
  description?: string;
  parameters?: unknown;
}

export type ToolFactory = (options: ToolOptions) => unknown;

export interface ToolOptions {
  name?: string;
  execute?: Execute;
  /** `null`: what the tool throws ends the run. */
  errorFunction?: unknown;
}

export type Execute = (
  input: unknown,
  context?: unknown,
  details?: { signal?: AbortSignal },
) => unknown;

/** A span of the SDK's own tracing. */
export interface SdkSpan {
  readonly spanId: string;
  readonly startedAt?: string | null;
  readonly spanData: SdkSpanData;
  readonly error?: { readonly message: string; readonly data?: Record<string, unknown> } | null;
}

export interface SdkSpanData {
  readonly type?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly _input?: unknown;
  readonly model?: string;
  readonly _response?: { readonly model?: string };
  readonly from_agent?: string;
  readonly to_agent?: string;
  readonly server?: string;
}

export interface TracingProcessor {
  onTraceStart(): Promise<void>;
  onTraceEnd(): Promise<void>;
  onSpanStart(span: SdkSpan): Promise<void>;
  onSpanEnd(span: SdkSpan): Promise<void>;
  shutdown(): Promise<void>;
  forceFlush(): Promise<void>;
}
