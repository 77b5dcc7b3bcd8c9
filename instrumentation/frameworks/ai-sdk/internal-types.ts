// The parts of the AI SDK's own objects that are read, as of ai 6.0 and 7.0. Most are optional: what is
// missing is done without.

/** How a call begins: options of version 6, the event `onStart` of version 7. */
export interface CallStart {
  operation: string;
  functionId?: string | undefined;
  provider?: string | undefined;
  modelId?: string | undefined;
  instructions?: unknown;
  input?: unknown;
  toolChoice?: unknown;
  /** Temperature and the like, as far as set. */
  settings: Readonly<Record<string, unknown>>;
  maxRetries?: number | undefined;
  stopConditions?: number | undefined;
  sessionId?: string | undefined;
  /** The app wants no inputs recorded. */
  hidesInputs?: boolean;
  /** The app wants no outputs recorded. */
  hidesOutputs?: boolean;
  /** Whether the answer must fit a schema. */
  checksOutput?: boolean;
  /** Where the caller may cancel; version 7 has none. */
  signal?: AbortSignal | undefined;
}

/** A tool as the provider gets it, its schema already JSON. */
export interface PreparedTool {
  type?: string;
  name?: string;
  id?: string;
  description?: string;
  inputSchema?: unknown;
  args?: unknown;
}

/** One try of a call of the model. */
export interface ModelCall {
  provider?: string | undefined;
  modelId?: string | undefined;
  input: unknown;
  tools?: readonly PreparedTool[] | undefined;
  /** Stops it: the caller's and the SDK's time limits. */
  signal?: AbortSignal | undefined;
}

export interface ToolCall {
  toolCallId: string;
  toolName: string;
  input?: unknown;
}

/** A part of what a step gave. */
export interface Part {
  type?: string;
  toolCallId?: string;
  toolName?: string;
  input?: unknown;
  text?: string;
  delta?: string;
  error?: unknown;
  invalid?: boolean;
  isAutomatic?: boolean;
  finishReason?: FinishReason;
}

export interface Step {
  content?: readonly Part[];
  finishReason?: FinishReason;
  toolCalls?: readonly Part[];
  toolResults?: readonly Part[];
  text?: string;
}

/** What a model's `doGenerate` or `doStream` gives. */
export interface ModelResult {
  content?: readonly Part[];
  finishReason?: FinishReason;
  stream?: ReadableStream<Part>;
}

/** A word, or from version 3 of the provider's specification on a word and the provider's own. */
export type FinishReason = string | { unified?: string; raw?: string };
