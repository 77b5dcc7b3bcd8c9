// Which spans and log records are worth a row. Both readers ask here before they decode one: the
// protobuf reader with the bytes of names and keys, the JSON reader with strings.
import {
  ALIASES,
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

/**
 * `agents`: executor spans, parts of agents in any dialect, and failed spans with an executor, agent or
 * gen_ai marker. `all-errors`: every failed span besides.
 */
export type KeepPolicy = 'agents' | 'all-errors';

/** The span has status ERROR. */
export const FAILED = 1;
/** An attribute key comes from an executor, an agent framework or a gen_ai instrumentation. */
export const MARKED = 2;
/** The span may stand for a part of an agent, a start signal, an evolution, a group's event or a verification, good or bad. */
export const EXECUTOR = 4;
/** An attribute reports an exception. */
export const EXCEPTION = 8;
/** The span may have failed whatever its status: what counts is whether it holds an `exception` event. */
export const SILENT = 16;
/** The value of the attribute says whether the span stands for a part of an agent or for a call. */
export const VALUED = 32;
/** The span is a call of a model. */
export const MODEL = 64;
/** An attribute holds one of the words with which a model's answer ends too early, or a zero. */
export const SUSPECT = 128;

/** A call of a model that may have failed without saying so. */
const SUSPECT_MODEL = MODEL | SUSPECT;

/**
 * Says whether a span with these flags is decoded at all.
 * @param also flags of good spans that are wanted besides
 */
export function isKept(flags: number, policy: KeepPolicy, also = 0): boolean {
  if ((flags & (EXECUTOR | also)) !== 0) return true;
  if ((flags & SUSPECT_MODEL) === SUSPECT_MODEL) return true;
  if ((flags & FAILED) === 0) return false;
  return policy === 'all-errors' || (flags & MARKED) !== 0;
}

interface Marker {
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

const NOTHING = /(?!)/;

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

const KEY_MARKERS = [
  ...EXECUTOR_KEYS.map((key) => marker(key, true, EXECUTOR | MARKED)),
  ...PART_MARKERS,
  ...SUSPECT_MARKERS,
  ...OUTPUT_MARKERS,
  ...ZERO_MARKERS,
  ...EXCEPTION_KEYS.map((key) => marker(key, true, EXCEPTION)),
  ...DIALECTS.flatMap(({ keys = [] }) => keys.map((key) => marker(key, true, MARKED))),
  ...MARKED_PREFIXES.map((prefix) => marker(prefix, false, MARKED)),
];

const NAME_MARKERS = [
  SPAN_EXECUTE_NODE,
  SPAN_EXECUTE_GRAPH,
  SPAN_START_GRAPH,
  SPAN_EVOLVE_GRAPH,
  SPAN_CHANGE_GROUP,
  SPAN_VERIFY_CASE,
  ...DIALECTS.flatMap(({ spanNames = [] }) => spanNames),
].map((name) => marker(name, true, EXECUTOR | MARKED));

/**
 * Flags of an attribute: of its key, and of its value where that counts.
 * @param value as OTLP's JSON has it: an AnyValue
 */
export function keyFlags(key: string, value?: unknown): number {
  for (const m of KEY_MARKERS) {
    if (m.exact ? key !== m.text : !key.startsWith(m.text)) continue;
    return m.flags | jsonValueFlags(m, (value ?? {}) as JsonValue);
  }
  return 0;
}

interface JsonValue {
  stringValue?: unknown;
  intValue?: unknown;
  arrayValue?: { values?: unknown } | null;
}

function jsonValueFlags(
  { values, words }: Marker,
  { stringValue, intValue, arrayValue }: JsonValue,
): number {
  if (values !== undefined) return values.find(({ text }) => text === stringValue)?.flags ?? 0;
  if (words === undefined) return 0;
  if (intValue === 0 || intValue === '0') return SUSPECT;
  const items = arrayValue?.values;
  const texts = Array.isArray(items)
    ? items.map((item: JsonValue | null) => item?.stringValue)
    : [stringValue];
  const holds = (text: unknown): boolean => typeof text === 'string' && words.test(text);
  return texts.some(holds) ? SUSPECT : 0;
}

/** Other people's names, of which some are marked by nothing. */
const READ_KEYS = new Set([
  'metadata',
  ...Object.values(ALIASES).flat(),
  ...DIALECTS.flatMap(({ reads = [] }) => reads),
  ...DIALECTS.flatMap(({ outputs = [], toolNames = [] }) => [...outputs, ...toolNames]),
]);

/**
 * Whether rows are made of an attribute even when its span did not fail; of failed spans all are
 * stored.
 */
export function isNeeded(key: string): boolean {
  return (keyFlags(key) & MARKED) !== 0 || READ_KEYS.has(key);
}

/** Flags of a span name: the operation's name alone, or followed by a space and its target. */
export function nameFlags(name: string): number {
  for (const m of NAME_MARKERS) {
    if (name.startsWith(m.text) && (name.length === m.text.length || name[m.text.length] === ' ')) {
      return m.flags;
    }
  }
  return 0;
}

/** Markers that begin with one byte: whole texts by their length, and beginnings. */
interface Candidates {
  exact: (Marker[] | undefined)[];
  prefixes: Marker[];
}

/** Markers by first byte; among those that fit, whole texts go first, as in {@link KEY_MARKERS}. */
function byFirstByte(markers: Marker[]): (Candidates | undefined)[] {
  const table = new Array<Candidates | undefined>(256).fill(undefined);
  for (const m of markers) {
    const first = m.bytes[0]!;
    const candidates = table[first] ?? { exact: [], prefixes: [] };
    table[first] = candidates;
    if (!m.exact) candidates.prefixes.push(m);
    else {
      const { length } = m.bytes;
      for (let i = candidates.exact.length; i <= length; i++) candidates.exact.push(undefined);
      candidates.exact[length] = [...(candidates.exact[length] ?? []), m];
    }
  }
  return table;
}

const KEY_TABLE = byFirstByte(KEY_MARKERS);
const NAME_TABLE = namesByFirstByte();

function namesByFirstByte(): (Marker[] | undefined)[] {
  const table = new Array<Marker[] | undefined>(256).fill(undefined);
  for (const m of NAME_MARKERS) table[m.bytes[0]!] = [...(table[m.bytes[0]!] ?? []), m];
  return table;
}

function startsWith(buf: Uint8Array, start: number, prefix: Uint8Array): boolean {
  // From the end: keys of one framework share their beginning.
  for (let i = prefix.length - 1; i >= 0; i--) {
    if (buf[start + i] !== prefix[i]) return false;
  }
  return true;
}

/**
 * {@link keyFlags} over the UTF-8 bytes of a key, without its value: where that counts, {@link VALUED} is
 * among the flags, and {@link valueFlagsOfBytes} gives the rest.
 */
export function keyFlagsOfBytes(buf: Uint8Array, start: number, end: number): number {
  const m = markerOfBytes(buf, start, end);
  return m === undefined ? 0 : m.flags;
}

/** What the bytes of a text add to the flags of a key that is {@link VALUED}. */
export function valueFlagsOfBytes(
  buf: Uint8Array,
  [keyStart, keyEnd]: readonly [number, number],
  [start, end]: readonly [number, number],
): number {
  const { values, words } = markerOfBytes(buf, keyStart, keyEnd) ?? {};
  for (const { bytes, flags } of values ?? []) {
    if (bytes.length === end - start && startsWith(buf, start, bytes)) return flags;
  }
  if (words === undefined || words === NOTHING) return 0;
  // Any byte as a character: the words have no others.
  const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('latin1');
  return words.test(text) ? SUSPECT : 0;
}

/** What an integer adds to the flags of a key that is {@link VALUED}. */
export function zeroFlagsOfBytes(buf: Uint8Array, start: number, end: number): number {
  return markerOfBytes(buf, start, end)?.words === undefined ? 0 : SUSPECT;
}

function markerOfBytes(buf: Uint8Array, start: number, end: number): Marker | undefined {
  const candidates = KEY_TABLE[buf[start]!];
  if (candidates === undefined) return undefined;
  const length = end - start;
  if (length < candidates.exact.length) {
    const exact = candidates.exact[length];
    if (exact !== undefined) {
      for (const m of exact) if (startsWith(buf, start, m.bytes)) return m;
    }
  }
  for (const m of candidates.prefixes) {
    if (length >= m.bytes.length && startsWith(buf, start, m.bytes)) return m;
  }
  return undefined;
}

/** {@link nameFlags} over the UTF-8 bytes of the name. */
export function nameFlagsOfBytes(buf: Uint8Array, start: number, end: number): number {
  const candidates = NAME_TABLE[buf[start]!];
  if (candidates === undefined) return 0;
  const length = end - start;
  for (const m of candidates) {
    const size = m.bytes.length;
    if (length < size || (length > size && buf[start + size] !== 0x20)) continue;
    if (startsWith(buf, start, m.bytes)) return m.flags;
  }
  return 0;
}
