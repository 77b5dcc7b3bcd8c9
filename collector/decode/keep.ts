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
/** The value of the attribute says whether the span stands for a part of an agent. */
export const VALUED = 32;

/** Says whether a span with these flags is decoded at all. */
export function isKept(flags: number, policy: KeepPolicy): boolean {
  if ((flags & EXECUTOR) !== 0) return true;
  if ((flags & FAILED) === 0) return false;
  return policy === 'all-errors' || (flags & MARKED) !== 0;
}

interface Marker {
  text: string;
  bytes: Uint8Array;
  exact: boolean;
  flags: number;
  /** Values of the attribute that add {@link EXECUTOR}. */
  values?: readonly { text: string; bytes: Uint8Array }[];
}

function marker(text: string, exact: boolean, flags: number, values?: readonly string[]): Marker {
  const found: Marker = { text, bytes: Buffer.from(text), exact, flags };
  return values === undefined
    ? found
    : {
        ...found,
        flags: flags | VALUED,
        values: values.map((value) => ({ text: value, bytes: Buffer.from(value) })),
      };
}

const EXECUTOR_KEYS = [
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_EVOLUTION_ID,
  ATTR_GROUP_EVENT_ID,
  ATTR_VERIFICATION_ID,
];

const EXCEPTION_KEYS = [ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE];

const OWN_PREFIXES = ['graph.', 'failure.', 'evolution.', 'group.event.', 'verification.'];

/** Keys of all dialects that say what a span stands for, each once. */
const PART_MARKERS = [...new Set(DIALECTS.flatMap(({ parts }) => parts.map(({ key }) => key)))].map(
  (key) => {
    const parts = DIALECTS.flatMap(({ parts }) => parts.filter((part) => part.key === key));
    const flags = MARKED | (DIALECTS.some((dialect) => dialect.failsSilently === key) ? SILENT : 0);
    return parts.some(({ values }) => values === undefined)
      ? marker(key, true, flags | EXECUTOR)
      : marker(
          key,
          true,
          flags,
          parts.flatMap(({ values = [] }) => values),
        );
  },
);

const KEY_MARKERS = [
  ...EXECUTOR_KEYS.map((key) => marker(key, true, EXECUTOR | MARKED)),
  ...PART_MARKERS,
  ...EXCEPTION_KEYS.map((key) => marker(key, true, EXCEPTION)),
  ...DIALECTS.flatMap(({ keys = [] }) => keys.map((key) => marker(key, true, MARKED))),
  ...[...new Set([...OWN_PREFIXES, ...DIALECTS.flatMap(({ prefixes }) => prefixes)])].map(
    (prefix) => marker(prefix, false, MARKED),
  ),
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

/** Flags of an attribute: of its key, and of its value where that counts. */
export function keyFlags(key: string, value?: unknown): number {
  for (const m of KEY_MARKERS) {
    if (m.exact ? key !== m.text : !key.startsWith(m.text)) continue;
    return m.values?.some(({ text }) => text === value) ? m.flags | EXECUTOR : m.flags;
  }
  return 0;
}

/** Other people's names, of which some are marked by nothing. */
const READ_KEYS = new Set([
  'metadata',
  ...Object.values(ALIASES).flat(),
  ...DIALECTS.flatMap(({ reads = [] }) => reads),
]);

/**
 * Whether rows are made of an attribute even when its span did not fail; of failed spans all are
 * stored.
 */
export function isTold(key: string): boolean {
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

/** Markers by first byte and, for keys, in the order of {@link KEY_MARKERS}. */
function byFirstByte(markers: Marker[]): (Marker[] | undefined)[] {
  const table = new Array<Marker[] | undefined>(256).fill(undefined);
  for (const m of markers) {
    const first = m.bytes[0]!;
    const list = table[first] ?? [];
    list.push(m);
    table[first] = list;
  }
  return table;
}

const KEY_TABLE = byFirstByte(KEY_MARKERS);
const NAME_TABLE = byFirstByte(NAME_MARKERS);

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
  for (const { bytes } of markerOfBytes(buf, keyStart, keyEnd)?.values ?? []) {
    if (bytes.length === end - start && startsWith(buf, start, bytes)) return EXECUTOR;
  }
  return 0;
}

function markerOfBytes(buf: Uint8Array, start: number, end: number): Marker | undefined {
  const candidates = KEY_TABLE[buf[start]!];
  if (candidates === undefined) return undefined;
  const length = end - start;
  for (const m of candidates) {
    const size = m.bytes.length;
    if ((m.exact ? length === size : length >= size) && startsWith(buf, start, m.bytes)) return m;
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
