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
  SPAN_CHANGE_GROUP,
  SPAN_EVOLVE_GRAPH,
  SPAN_EXECUTE_GRAPH,
  SPAN_EXECUTE_NODE,
  SPAN_START_GRAPH,
} from '../../instrumentation/semconv/index.ts';

/**
 * `agents`: executor spans, and failed spans with an executor, agent or gen_ai marker.
 * `all-errors`: every failed span besides.
 */
export type KeepPolicy = 'agents' | 'all-errors';

/** The span has status ERROR. */
export const FAILED = 1;
/** An attribute key comes from an executor, an agent framework or a gen_ai instrumentation. */
export const MARKED = 2;
/** The span may be a node attempt, a run, a start signal, an evolution or a group's event, good or bad. */
export const EXECUTOR = 4;
/** An attribute tells of an exception. */
export const EXCEPTION = 8;

/** An attribute holds JSON of a framework, and may name a node there. */
export const METADATA = 16;
/** What such JSON has to hold. */
export const METADATA_NODE = 'langgraph_node';

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
}

function marker(text: string, exact: boolean, flags: number): Marker {
  return { text, bytes: Buffer.from(text), exact, flags };
}

const EXECUTOR_KEYS = [
  ATTR_GRAPH_NODE_ID,
  ...(ALIASES[ATTR_GRAPH_NODE_ID] ?? []),
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_EVOLUTION_ID,
  ATTR_GROUP_EVENT_ID,
];

const EXCEPTION_KEYS = [ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACKTRACE];

const MARKER_PREFIXES = [
  'gen_ai.',
  'graph.',
  'failure.',
  'evolution.',
  'group.event.',
  'hive.',
  'langgraph_',
  'metadata.langgraph_',
  'traceloop.',
  'openinference.',
  'llm.',
  'ai.',
];

const KEY_MARKERS = [
  marker('metadata', true, METADATA),
  ...EXECUTOR_KEYS.map((key) => marker(key, true, EXECUTOR | MARKED)),
  ...MARKER_PREFIXES.map((prefix) => marker(prefix, false, MARKED)),
  ...EXCEPTION_KEYS.map((key) => marker(key, true, EXCEPTION)),
];

const NAME_MARKERS = [
  SPAN_EXECUTE_NODE,
  SPAN_EXECUTE_GRAPH,
  SPAN_START_GRAPH,
  SPAN_EVOLVE_GRAPH,
  SPAN_CHANGE_GROUP,
].map((name) => marker(name, true, EXECUTOR | MARKED));

/** Flags of an attribute key. */
export function keyFlags(key: string): number {
  for (const m of KEY_MARKERS) {
    if (m.exact ? key === m.text : key.startsWith(m.text)) return m.flags;
  }
  return 0;
}

/** Other people's names, of which some are marked by nothing. */
const ALIAS_KEYS = new Set(Object.values(ALIASES).flat());

/**
 * Whether rows are made of an attribute even when its span did not fail; of failed spans all are
 * stored.
 */
export function isTold(key: string): boolean {
  return (keyFlags(key) & (MARKED | METADATA)) !== 0 || ALIAS_KEYS.has(key);
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

/** {@link keyFlags} over the UTF-8 bytes of the key. */
export function keyFlagsOfBytes(buf: Uint8Array, start: number, end: number): number {
  const candidates = KEY_TABLE[buf[start]!];
  if (candidates === undefined) return 0;
  const length = end - start;
  for (const m of candidates) {
    const size = m.bytes.length;
    if ((m.exact ? length === size : length >= size) && startsWith(buf, start, m.bytes)) {
      return m.flags;
    }
  }
  return 0;
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
