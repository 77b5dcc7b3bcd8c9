// All dialects. Of those that know a span, the first says what it is; what it leaves out, the others say.
import { adk } from './adk.ts';
import { agentFramework } from './agent-framework.ts';
import { aiSdk } from './ai-sdk.ts';
import type { Call, Dialect, Meaning, SpanView } from './dialect.ts';
import { genAi } from './gen-ai.ts';
import { genkit } from './genkit.ts';
import { haystack } from './haystack.ts';
import { hive } from './hive.ts';
import { langGraphMetadata } from './langgraph-metadata.ts';
import { langSmith } from './langsmith.ts';
import { mastra } from './mastra.ts';
import { openInference } from './openinference.ts';
import { pydanticAi } from './pydantic-ai.ts';
import { pydanticGraph } from './pydantic-graph.ts';
import { springAi } from './spring-ai.ts';
import { strands } from './strands.ts';
import { traceloop } from './traceloop.ts';
import { voltAgent } from './voltagent.ts';

/** The more a dialect says about a span, the earlier it stands; GenAI, which many write besides, is last. */
export const DIALECTS: readonly Dialect[] = [
  hive,
  langSmith,
  traceloop,
  openInference,
  agentFramework,
  haystack,
  pydanticGraph,
  pydanticAi,
  adk,
  strands,
  aiSdk,
  mastra,
  genkit,
  voltAgent,
  springAi,
  genAi,
  langGraphMetadata,
];

export interface Understood extends Meaning {
  /** Name of the first dialect that knows the span. */
  dialect: string;
}

/** What kind of call a span is; undefined for all that are none. */
export function callOf(span: SpanView): Call | undefined {
  for (const [key, calls] of CALLS) {
    const call = calls.get(span.text(key));
    if (call !== undefined) return call;
  }
  return undefined;
}

/** Kinds of call by attribute and its value. */
const CALLS: ReadonlyMap<string, ReadonlyMap<string, Call>> = callsByKey();

function callsByKey(): Map<string, Map<string, Call>> {
  const found = new Map<string, Map<string, Call>>();
  for (const { key, values } of DIALECTS.flatMap(({ calls = [] }) => calls)) {
    const known = found.get(key) ?? new Map<string, Call>();
    for (const [call, names] of Object.entries(values)) {
      for (const name of names) known.set(name, call as Call);
    }
    found.set(key, known);
  }
  return found;
}

type Attributes = 'outputs' | 'finishReasons' | 'outputTokens' | 'toolNames';

const ATTRIBUTES = Object.fromEntries(
  (['outputs', 'finishReasons', 'outputTokens', 'toolNames'] as const).map((kind) => [
    kind,
    [...new Set(DIALECTS.flatMap((dialect) => dialect[kind] ?? []))],
  ]),
) as Record<Attributes, string[]>;

/** The first attribute of this kind that a span has; undefined without. */
export function attributeOf(span: SpanView, kind: Attributes): string | undefined {
  const key = ATTRIBUTES[kind].find((name) => span.has(name));
  return key === undefined ? undefined : span.text(key);
}

/** What a span means; undefined when no dialect knows it. */
export function understand(span: SpanView): Understood | undefined {
  let understood: Understood | undefined;
  for (const dialect of DIALECTS) {
    const meaning = dialect.read(span);
    if (meaning === undefined) continue;
    understood ??= { dialect: dialect.name };
    addTo(understood, meaning);
  }
  return understood;
}

function addTo(understood: Understood, meaning: Meaning): void {
  const known = understood as unknown as Record<string, unknown>;
  for (const field of Object.keys(meaning) as (keyof Meaning)[]) {
    const value = meaning[field];
    if (value !== undefined && value !== '') known[field] ??= value;
  }
}
