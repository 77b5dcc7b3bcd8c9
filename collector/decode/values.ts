// Protobuf attribute lists (`KeyValue`, `AnyValue`) into maps.
import type { Cursor } from './cursor.ts';
import { isNeeded } from './key-flags.ts';
import {
  type Attributes,
  MAX_ATTRIBUTES,
  MAX_DEPTH,
  MAX_ITEMS,
  TOO_DEEP,
  type Value,
} from './span.ts';

const KEY = 0x0a;
const VALUE = 0x12;
const ANY_STRING = 0x0a;
const ANY_BOOL = 0x10;
const ANY_INT = 0x18;
const ANY_DOUBLE = 0x21;
const ANY_ARRAY = 0x2a;
const ANY_KVLIST = 0x32;
const ANY_BYTES = 0x3a;
/** `ArrayValue.values` and `KeyValueList.values`. */
const LIST_ITEM = 0x0a;

/** Reads one KeyValue, which ends at `end`, into the map. */
export function readAttribute(cursor: Cursor, end: number, into: Attributes): void {
  if (into.size >= MAX_ATTRIBUTES) {
    cursor.pos = end;
    return;
  }
  const [key, value] = readKeyValue(cursor, end, 0);
  into.set(key, value);
}

/** The same if {@link isNeeded} of its key; steps over all others. */
export function readNeededAttribute(cursor: Cursor, end: number, into: Attributes): void {
  if (into.size >= MAX_ATTRIBUTES) {
    cursor.pos = end;
    return;
  }
  const start = cursor.pos;
  // As every exporter writes it: the key, then the value, then nothing more.
  if (cursor.readVarint() === KEY) {
    const { text, needed } = readKey(cursor, cursor.readEnd(end));
    if (cursor.pos < end && cursor.readVarint() === VALUE && cursor.readEnd(end) === end) {
      if (needed) into.set(text, readValue(cursor, end));
      else cursor.pos = end;
      return;
    }
  }
  cursor.pos = start;
  const [key, value] = readKeyValue(cursor, end, 0);
  if (isNeeded(key)) into.set(key, value);
}

function readKeyValue(cursor: Cursor, end: number, depth: number): [string, Value] {
  let key = '';
  let value: Value = null;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === KEY) key = readKey(cursor, cursor.readEnd(end)).text;
    else if (tag === VALUE) value = readValue(cursor, cursor.readEnd(end), depth);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return [key, value];
}

/** Reads the AnyValue that ends at `end`; null when it holds nothing that is known. */
export function readValue(cursor: Cursor, end: number, depth = 0): Value {
  let value: Value = null;
  if (!cursor.mayReadValue()) cursor.pos = end;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    switch (tag) {
      case ANY_STRING:
        value = cursor.readValueText(end);
        break;
      case ANY_BOOL:
        value = cursor.readInt64() !== 0;
        break;
      case ANY_INT:
        value = cursor.readInt64();
        break;
      case ANY_DOUBLE:
        value = cursor.readDoubleWithin(end);
        break;
      case ANY_ARRAY:
        value = readArray(cursor, cursor.readEnd(end), depth + 1);
        break;
      case ANY_KVLIST:
        value = readKeyValueList(cursor, cursor.readEnd(end), depth + 1);
        break;
      case ANY_BYTES:
        value = cursor.readBase64(end);
        break;
      default:
        cursor.skipField(tag, end);
    }
  }
  cursor.endAt(end);
  return value;
}

function readArray(cursor: Cursor, end: number, depth: number): Value {
  if (depth > MAX_DEPTH) {
    cursor.pos = end;
    return TOO_DEEP;
  }
  const items: Value[] = [];
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === LIST_ITEM && items.length < MAX_ITEMS) {
      items.push(readValue(cursor, cursor.readEnd(end), depth));
    } else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return items;
}

function readKeyValueList(cursor: Cursor, end: number, depth: number): Value {
  if (depth > MAX_DEPTH) {
    cursor.pos = end;
    return TOO_DEEP;
  }
  const entries: [string, Value][] = [];
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === LIST_ITEM && entries.length < MAX_ITEMS) {
      entries.push(readKeyValue(cursor, cursor.readEnd(end), depth));
    } else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return Object.fromEntries(entries);
}

// Keys repeat from span to span, so their strings are kept: a table of fixed size, where a newcomer
// takes the place of whatever has the same hash.
const SLOTS = 2048;
const LONGEST_INTERNED = 64;
const slots = new Array<Key | undefined>(SLOTS).fill(undefined);

interface Key {
  bytes: Uint8Array;
  text: string;
  /** {@link isNeeded} */
  needed: boolean;
}

/** Reads the key that ends at `stop`. */
function readKey(cursor: Cursor, stop: number): Key {
  const buf = cursor.bytes;
  const start = cursor.pos;
  const length = stop - start;
  if (length > LONGEST_INTERNED) return keyOf(cursor, stop);
  let hash = length;
  for (let i = start; i < stop; i++) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
  const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
  const found = slots[slot];
  if (found !== undefined && sameBytes(found.bytes, buf, start, length)) {
    cursor.pos = stop;
    return found;
  }
  const key = keyOf(cursor, stop);
  slots[slot] = key;
  return key;
}

function keyOf(cursor: Cursor, stop: number): Key {
  const bytes = Uint8Array.prototype.slice.call(cursor.bytes, cursor.pos, stop);
  const text = cursor.readTextUntil(stop);
  return { bytes, text, needed: isNeeded(text) };
}

function sameBytes(known: Uint8Array, buf: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (known[i] !== buf[start + i]) return false;
  }
  return true;
}
