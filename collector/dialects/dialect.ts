// The one shape of a dialect: how an instrumentation or framework writes its spans.

/**
 * What a span stands for.
 * `graph`: a workflow, graph, crew, pipeline or flow. `agent`: an agent at work. The outermost of these
 * is the run, those inside are nodes. `node`: a node, whatever is around it. `step`: a part of an agent
 * that has no name of its own kind; a node only where it stands directly below the run. `operation`: a
 * call of a model or a tool, or anything else that may fail. `nothing`: never a part, never a failure.
 */
export type Part = 'graph' | 'agent' | 'node' | 'step' | 'operation' | 'nothing';

/** What kind of call an `operation` is. */
export type Call = 'model' | 'tool' | 'guardrail';

/** An exception; '' for what is not reported. */
export interface Exception {
  type: string;
  message: string;
  stacktrace: string;
}

/** What a dialect may look at. Texts are '' where there is none. */
export interface SpanView {
  readonly name: string;
  /** Name of the instrumentation scope. */
  readonly scope: string;
  /** `Span.kind` of OTLP. */
  readonly kind: number;
  readonly hasParent: boolean;
  readonly isFailed: boolean;
  /** The exception of the attributes and the last `exception` event. */
  readonly exception: Exception;
  has(key: string): boolean;
  /** An attribute as text: strings as they are, arrays and maps as JSON. */
  text(key: string): string;
  /** Texts of an attribute that is an array, or JSON of one. */
  texts(key: string): string[];
  /** An attribute of the first event of this name. */
  eventText(event: string, key: string): string;
}

/** What a dialect understands of a span. What is left out, another dialect may say. */
export interface Meaning {
  part?: Part | undefined;
  /** Name of the agent, workflow, crew or graph. */
  agentName?: string | undefined;
  /** An id that distinguishes this agent from all others and lasts. */
  agentId?: string | undefined;
  nodeId?: string | undefined;
  nodeType?: string | undefined;
  /** Equal on all attempts of one visit of a node, different on each visit. */
  visitKey?: string | undefined;
  attempt?: number | undefined;
  maxAttempts?: number | undefined;
  session?: string | undefined;
  run?: string | undefined;
  graphId?: string | undefined;
  /** What the part received. */
  input?: string | undefined;
  /** It failed although its status does not say so. */
  isFailed?: boolean | undefined;
  /** The exception, where it stands in an unusual place or form. */
  exception?: Partial<Exception> | undefined;
  outcome?: 'paused' | 'cancelled' | undefined;
  /** The status is good whatever happened inside: what its nodes did decides. */
  isStatusSilent?: boolean | undefined;
  /** The graph: ids of nodes, and edges as pairs of them. */
  graph?: { nodes: string[]; edges: [source: string, target: string][] } | undefined;
}

/** Which spans are decoded although they did not fail: those that may stand for a part of an agent. */
export interface PartKey {
  key: string;
  /** Only with one of these values, as they are written. @default any */
  values?: readonly string[];
}

/** Which calls a span may be, by the value of an attribute. */
export interface CallKey {
  key: string;
  values: Readonly<Partial<Record<Call, readonly string[]>>>;
}

export interface Dialect {
  /** As in the column `dialect` and in metrics. */
  name: string;
  /** For the table in the docs. */
  title: string;
  /** Frameworks that are recorded or written in it. */
  frameworks: readonly string[];
  /** Where its conventions are published. */
  reference: string;
  /** What its spans report, for the same table. */
  reports: string;
  /** What they do not report although it happened. */
  hides: string;
  /** A span with an attribute of such a name belongs to an agent. */
  prefixes: readonly string[];
  /** The same, for whole names. */
  keys?: readonly string[];
  /** Names of spans, or the first words of them. */
  spanNames?: readonly string[];
  /** Attributes besides, which are read where they are. */
  reads?: readonly string[];
  parts: readonly PartKey[];
  calls?: readonly CallKey[];
  /** Attributes with what a part or a call returned; the first that a span has counts. */
  outputs?: readonly string[];
  /** Attributes with why a model stopped. */
  finishReasons?: readonly string[];
  /** Attributes with the number of tokens that a model wrote. */
  outputTokens?: readonly string[];
  /** Attributes with the name of a tool. */
  toolNames?: readonly string[];
  /** Spans with such a key are decoded as well when they hold an `exception` event, whatever their status. */
  failsSilently?: string;
  /** What the span means; undefined when it is none of this dialect. Never throws. */
  read(span: SpanView): Meaning | undefined;
}

/** The first of these that is not ''; undefined when all are. */
export function firstText(...texts: string[]): string | undefined {
  return texts.find((text) => text !== '');
}

/** An integer from 1; undefined for anything else. */
export function ordinal(text: string): number | undefined {
  const number = Number(text || Number.NaN);
  return Number.isInteger(number) && number >= 1 && number < 2 ** 32 ? number : undefined;
}
