// Turns any value of the app into plain JSON without trusting it: cycles, throwing getters, proxies,
// BigInt, Map, Set, binary data and class instances all give something readable.

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export const MAX_DEPTH = 48;
export const MAX_VALUES = 100_000;

/** How far a walk has come: values seen, and the objects that it is inside of. */
export interface Walk {
  values: number;
  readonly above: object[];
}

/**
 * A plain JSON copy of `value`. Never throws. Map becomes an object if all its keys are strings and
 * else a list of pairs, Set a list, Date an ISO string, BigInt `123n`, binary data its kind and
 * length; what cannot be read becomes a note in square brackets. Stops at a depth of 48 and at
 * 100,000 values.
 */
export function toPlain(value: unknown): Json {
  return plain(value, { values: 0, above: [] }) ?? null;
}

/** {@link toPlain} inside a walk; `undefined` for what JSON has no place for. */
export function plain(value: unknown, walk: Walk): Json | undefined {
  walk.values += 1;
  if (walk.values > MAX_VALUES) return '[too many values]';
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return `${value}n`;
    case 'undefined':
      return undefined;
    case 'symbol':
      return `[${value.toString()}]`;
    case 'function':
      return '[function]';
    default:
      return value === null ? null : plainObject(value as object, walk);
  }
}

function plainObject(value: object, walk: Walk): Json {
  if (walk.above.includes(value)) return '[circular]';
  if (walk.above.length >= MAX_DEPTH) return '[too deep]';
  walk.above.push(value);
  try {
    return readObject(value, walk);
  } catch (error) {
    return unreadable(error);
  } finally {
    walk.above.pop();
  }
}

function readObject(value: object, walk: Walk): Json {
  if (Array.isArray(value)) return plainList(value, walk);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? '[invalid date]' : isoDate(value);
  if (value instanceof Map) return plainMap(value, walk);
  if (value instanceof Set) return plainList([...value], walk);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `[${value.constructor.name} of ${value.byteLength} bytes]`;
  }
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof Error) return plainError(value, walk);
  if (value instanceof Promise) return '[promise]';
  const toJSON: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJSON === 'function') return plain(toJSON.call(value, ''), walk) ?? null;
  return plainProperties(value, walk);
}

function isoDate(value: Date): string {
  return Date.prototype.toISOString.call(value);
}

function plainList(list: readonly unknown[], walk: Walk): Json[] {
  const result: Json[] = [];
  for (let index = 0; index < list.length; index += 1) {
    if (walk.values > MAX_VALUES) {
      result.push('[too many values]');
      break;
    }
    result.push(attempt(() => plain(list[index], walk)) ?? null);
  }
  return result;
}

function plainMap(map: Map<unknown, unknown>, walk: Walk): Json {
  const entries = [...map];
  if (!entries.every(([key]) => typeof key === 'string')) return plainList(entries, walk);
  return plainEntries(entries as [string, unknown][], (value) => value, walk);
}

function plainError(error: Error, walk: Walk): Json {
  const standard = { name: error.name, message: error.message, cause: error.cause };
  return Object.assign(plainProperties(error, walk), plainProperties(standard, walk));
}

function plainProperties(value: object, walk: Walk): { [key: string]: Json } {
  const keys = Object.keys(value).map((key): [string, string] => [key, key]);
  return plainEntries(keys, (key) => Reflect.get(value, key), walk);
}

function plainEntries<T>(
  entries: readonly (readonly [string, T])[],
  read: (value: T) => unknown,
  walk: Walk,
): { [key: string]: Json } {
  const copies: [string, Json][] = [];
  for (const [key, value] of entries) {
    if (walk.values > MAX_VALUES) break;
    const copy = attempt(() => plain(read(value), walk));
    if (copy !== undefined) copies.push([key, copy]);
  }
  // Unlike an assignment it makes of `__proto__` a key like any other.
  return Object.fromEntries(copies);
}

function attempt(read: () => Json | undefined): Json | undefined {
  try {
    return read();
  } catch (error) {
    return unreadable(error);
  }
}

/** What stands for what cannot be read. */
export function unreadable(error: unknown): string {
  try {
    return `[unreadable: ${error instanceof Error ? error.message : typeof error}]`;
  } catch {
    return '[unreadable]';
  }
}

/** The canonical JSON text of a plain value: keys sorted by code unit, no insignificant space. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`);
  return `{${members.join(',')}}`;
}

/**
 * The longest start of `text` that takes at most `bytes` bytes of UTF-8 and ends at a character
 * boundary.
 */
export function cutToBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  // One code unit is at least one byte, so no more than `bytes` code units can fit.
  const encoded = Buffer.from(text.length > bytes ? text.slice(0, bytes + 1) : text, 'utf8');
  if (encoded.length <= bytes) return text.length > bytes ? text.slice(0, bytes) : text;
  let end = bytes;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}
