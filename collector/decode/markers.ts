// Keys, values and names that say what a span stands for, of all dialects.
import {
  ATTR_EVOLUTION_ID,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_GROUP_EVENT_ID,
  ATTR_VERIFICATION_ID,
  SPAN_CHANGE_GROUP,
  SPAN_EVOLVE_GRAPH,
  SPAN_EXECUTE_GRAPH,
  SPAN_EXECUTE_NODE,
  SPAN_START_GRAPH,
  SPAN_VERIFY_CASE,
} from '../../instrumentation/semconv/index.ts';
import { DIALECTS } from '../dialects/index.ts';

import { EXCEPTION, EXECUTOR, MARKED, MODEL, SILENT, SUSPECT, VALUED } from './flags.ts';

export interface Marker {
  text: string;
  bytes: Uint8Array;
  exact: boolean;
  flags: number;
  /** Texts of the attribute that add flags. */
  values?: readonly Valued[];
  /** Words, of ASCII alone, that add {@link SUSPECT} wherever they stand in the value. */
  words?: RegExp;
}

interface Valued {
  text: string;
  bytes: Uint8Array;
  flags: number;
}

function marker(text: string, exact: boolean, flags: number): Marker {
  return { text, bytes: Buffer.from(text), exact, flags };
}

function valued(key: string, flags: number, values: ReadonlyMap<string, number>): Marker {
  return {
    ...marker(key, true, flags | VALUED),
    values: [...values].map(([text, flags]) => ({ text, bytes: Buffer.from(text), flags })),
  };
}

/** The key alone says nothing that its prefix does not. */
function wordy(key: string, words: readonly string[]): Marker {
  const isMarked = MARKED_PREFIXES.some((prefix) => key.startsWith(prefix));
  return {
    ...marker(key, true, isMarked ? MARKED | VALUED : VALUED),
    // One pass for all of them: an output may be long.
    words: words.length === 0 ? NOTHING : new RegExp(words.map(literal).join('|')),
  };
}

export const NOTHING = /(?!)/;

const literal = (text: string): string => text.replace(/[[\]]/g, '\\$&');

const OWN_PREFIXES = ['graph.', 'failure.', 'evolution.', 'group.event.', 'verification.'];

const MARKED_PREFIXES = [
  ...new Set([...OWN_PREFIXES, ...DIALECTS.flatMap(({ prefixes }) => prefixes)]),
];

const EXECUTOR_KEYS = [
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_EVOLUTION_ID,
  ATTR_GROUP_EVENT_ID,
  ATTR_VERIFICATION_ID,
];

const EXCEPTION_KEYS = [ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE];

/** Why a model stopped before it was done, as providers and frameworks write it. */
const EARLY_ENDS = [
  'length',
  'max_tokens',
  'max_output_tokens',
  'MAX_TOKENS',
  'content_filter',
  'content-filter',
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'refusal',
  'guardrail_intervened',
  'model_context_window_exceeded',
  'max_turns',
  'max_steps',
  'max_iterations',
];

/** Keys of all dialects that say what a span stands for, each once. */
const PART_MARKERS = partMarkers();

function partMarkers(): Marker[] {
  const values = new Map<string, Map<string, number>>();
  const always = new Set<string>();
  const add = (key: string, texts: readonly string[] | undefined, flag: number): void => {
    const known = values.get(key) ?? new Map<string, number>();
    values.set(key, known);
    if (texts === undefined) always.add(key);
    for (const text of texts ?? []) known.set(text, (known.get(text) ?? 0) | flag);
  };
  for (const { parts, calls = [] } of DIALECTS) {
    for (const part of parts) add(part.key, part.values, EXECUTOR);
    for (const call of calls) {
      add(call.key, call.values.model ?? [], MODEL);
      // What a tool returned may say that it failed.
      add(call.key, [...(call.values.tool ?? []), ...(call.values.guardrail ?? [])], EXECUTOR);
    }
  }
  return [...values].map(([key, known]) => {
    const flags = MARKED | (DIALECTS.some((dialect) => dialect.failsSilently === key) ? SILENT : 0);
    return always.has(key) ? marker(key, true, flags | EXECUTOR) : valued(key, flags, known);
  });
}

/** Keys that say why a model stopped, or how much it wrote. */
const SUSPECT_MARKERS = [
  ...new Set(DIALECTS.flatMap(({ finishReasons = [] }) => finishReasons)),
].map((key) => wordy(key, EARLY_ENDS));
/** The same in what came back from a model, which some write only as a whole. */
const OUTPUT_MARKERS = [...new Set(DIALECTS.flatMap(({ outputs = [] }) => outputs))].map((key) =>
  wordy(key, EARLY_ENDS.flatMap(quotedForms)),
);

/** Every answer of OpenAI has a key `refusal`, which is null unless it refuses: only as a value it says something. */
function quotedForms(word: string): string[] {
  return word === 'refusal' ? [':"refusal"', ': "refusal"', '["refusal"'] : [`"${word}"`];
}

const ZERO_MARKERS = [...new Set(DIALECTS.flatMap(({ outputTokens = [] }) => outputTokens))].map(
  (key) => wordy(key, []),
);

export const KEY_MARKERS = [
  ...EXECUTOR_KEYS.map((key) => marker(key, true, EXECUTOR | MARKED)),
  ...PART_MARKERS,
  ...SUSPECT_MARKERS,
  ...OUTPUT_MARKERS,
  ...ZERO_MARKERS,
  ...EXCEPTION_KEYS.map((key) => marker(key, true, EXCEPTION)),
  ...DIALECTS.flatMap(({ keys = [] }) => keys.map((key) => marker(key, true, MARKED))),
  ...MARKED_PREFIXES.map((prefix) => marker(prefix, false, MARKED)),
];

export const NAME_MARKERS = [
  SPAN_EXECUTE_NODE,
  SPAN_EXECUTE_GRAPH,
  SPAN_START_GRAPH,
  SPAN_EVOLVE_GRAPH,
  SPAN_CHANGE_GROUP,
  SPAN_VERIFY_CASE,
  ...DIALECTS.flatMap(({ spanNames = [] }) => spanNames),
].map((name) => marker(name, true, EXECUTOR | MARKED));
