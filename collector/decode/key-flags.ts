// Flags of attributes and names, over bytes for the protobuf reader and over strings for the JSON reader: both ask
// before they decode a span.
import { ALIASES, ATTR_FAULTLINE_RECORDED } from '../../instrumentation/semconv/index.ts';
import { DIALECTS } from '../dialects/index.ts';
import { MARKED, SUSPECT } from './flags.ts';
import { KEY_MARKERS, type Marker, NAME_MARKERS, NOTHING } from './markers.ts';

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
  ATTR_FAULTLINE_RECORDED,
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
