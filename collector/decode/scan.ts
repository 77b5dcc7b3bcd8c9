// The hot path: walks over a span's bytes only to see whether it is worth decoding. Nine spans of ten
// are not, so nothing here allocates, and attribute values are stepped over.
import type { Cursor } from './cursor.ts';
import { FAILED, SUSPECT, VALUED } from './flags.ts';
import {
  keyFlagsOfBytes,
  nameFlagsOfBytes,
  valueFlagsOfBytes,
  zeroFlagsOfBytes,
} from './key-flags.ts';
import { STATUS_ERROR } from './span.ts';
import type { Steps } from './turns.ts';

// Tags of `Span`: field number << 3 | wire type.
export const SPAN_TRACE_ID = 0x0a;
export const SPAN_SPAN_ID = 0x12;
export const SPAN_NAME = 0x2a;
export const SPAN_ATTRIBUTE = 0x4a;
export const SPAN_STATUS = 0x7a;
export const STATUS_CODE = 0x18;
const KEY_VALUE_KEY = 0x0a;
const KEY_VALUE_VALUE = 0x12;
const ANY_STRING = 0x0a;
const ANY_INT = 0x18;
const ANY_ARRAY = 0x2a;
const ARRAY_VALUE = 0x0a;

/** Besides the flags of flags.ts: the trace id is not 16 bytes, or all zero. */
export const BAD_TRACE_ID = 1 << 8;
/** The span id is not 8 bytes, or all zero. */
export const BAD_SPAN_ID = 1 << 9;

/**
 * Flags of the span from the cursor to `end`: those of flags.ts and of this file.
 * @throws DecodeError when the fields do not end where the span does
 */
export function scanSpan(cursor: Cursor, end: number): number {
  const buf = cursor.bytes;
  let flags = 0;
  let nameFlags = 0;
  let status = 0;
  let ids = BAD_TRACE_ID | BAD_SPAN_ID;
  while (cursor.pos < end) {
    const pos = cursor.pos;
    // Nearly every field is an attribute with a length of one byte.
    const length = buf[pos + 1]!;
    if (buf[pos] === SPAN_ATTRIBUTE && length < 0x80 && pos + 2 + length <= end) {
      flags |= scanKey(cursor, pos + 2, pos + 2 + length);
      cursor.pos = pos + 2 + length;
      continue;
    }
    const tag = cursor.readTag();
    if (tag === SPAN_ATTRIBUTE) {
      const stop = cursor.readEnd(end);
      flags |= scanKey(cursor, cursor.pos, stop);
      cursor.pos = stop;
    } else if (tag === SPAN_TRACE_ID) {
      ids = isId(cursor, cursor.readEnd(end), 16) ? ids & ~BAD_TRACE_ID : ids | BAD_TRACE_ID;
    } else if (tag === SPAN_SPAN_ID) {
      ids = isId(cursor, cursor.readEnd(end), 8) ? ids & ~BAD_SPAN_ID : ids | BAD_SPAN_ID;
    } else if (tag === SPAN_NAME) {
      const stop = cursor.readEnd(end);
      nameFlags = nameFlagsOfBytes(buf, cursor.pos, stop);
      cursor.pos = stop;
    } else if (tag === SPAN_STATUS) status = scanStatus(cursor, cursor.readEnd(end), status);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return flags | nameFlags | ids | (status === STATUS_ERROR ? FAILED : 0);
}

/** Fields that are scanned in one step. */
const FIELDS_AT_ONCE = 4096;

/** {@link scanSpan} of a large span. Of ids that come again any valid one counts. */
export function* scanSpanInSteps(cursor: Cursor, end: number): Steps<number> {
  const bad = BAD_TRACE_ID | BAD_SPAN_ID;
  let flags = 0;
  let ids = bad;
  while (cursor.pos < end) {
    const start = cursor.pos;
    for (let fields = 0; cursor.pos < end && fields < FIELDS_AT_ONCE; fields++) {
      cursor.skipField(cursor.readTag(), end);
    }
    const stop = cursor.pos;
    cursor.pos = start;
    const part = scanSpan(cursor, stop);
    flags |= part & ~bad;
    ids &= part;
    yield;
    cursor.beginStep();
  }
  return flags | ids;
}

/** Flags of the KeyValue from `start` to `end`; its value is stepped over unless it says what the span is. */
export function scanKey(cursor: Cursor, start: number, end: number): number {
  const buf = cursor.bytes;
  // As every exporter writes it: the key, then the value, then nothing more.
  const length = buf[start + 1]!;
  const keyEnd = start + 2 + length;
  if (buf[start] === KEY_VALUE_KEY && length < 0x80 && keyEnd <= end) {
    if (keyEnd === end) return keyFlagsOfBytes(buf, start + 2, keyEnd);
    if (buf[keyEnd] === KEY_VALUE_VALUE) {
      cursor.pos = keyEnd + 1;
      if (cursor.readEnd(end) === end) {
        const flags = keyFlagsOfBytes(buf, start + 2, keyEnd);
        if ((flags & VALUED) === 0) return flags;
        return flags | scanValue(cursor, [start + 2, keyEnd], cursor.pos, end);
      }
    }
  }
  cursor.pos = start;
  return scanKeyInAnyOrder(cursor, end);
}

function scanKeyInAnyOrder(cursor: Cursor, end: number): number {
  let key: [number, number] = [0, 0];
  let value: [number, number] = [end, end];
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === KEY_VALUE_KEY || tag === KEY_VALUE_VALUE) {
      const stop = cursor.readEnd(end);
      if (tag === KEY_VALUE_KEY) key = [cursor.pos, stop];
      else value = [cursor.pos, stop];
      cursor.pos = stop;
    } else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  const flags = key[0] === key[1] ? 0 : keyFlagsOfBytes(cursor.bytes, key[0], key[1]);
  if ((flags & VALUED) === 0) return flags;
  const found = flags | scanValue(cursor, key, value[0], value[1]);
  cursor.pos = end;
  return found;
}

/** What the AnyValue from `start` to `end` adds: as a text, as a list of texts, or as a zero. */
function scanValue(
  cursor: Cursor,
  key: readonly [number, number],
  start: number,
  end: number,
): number {
  let flags = 0;
  cursor.pos = start;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === ANY_STRING) {
      const stop = cursor.readEnd(end);
      flags = valueFlagsOfBytes(cursor.bytes, key, [cursor.pos, stop]);
      cursor.pos = stop;
    } else if (tag === ANY_INT) {
      const isZero = cursor.readInt64() === 0;
      flags = isZero ? zeroFlagsOfBytes(cursor.bytes, ...key) : 0;
    } else if (tag === ANY_ARRAY) {
      flags = scanTexts(cursor, key, cursor.readEnd(end));
    } else {
      // Another kind of value takes the place of a text before it.
      if (tag >> 3 >= 1 && tag >> 3 <= 7) flags = 0;
      cursor.skipField(tag, end);
    }
  }
  cursor.endAt(end);
  return flags;
}

/** What the texts of the ArrayValue from the cursor to `end` add. */
function scanTexts(cursor: Cursor, key: readonly [number, number], end: number): number {
  let flags = 0;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag !== ARRAY_VALUE) {
      cursor.skipField(tag, end);
      continue;
    }
    const stop = cursor.readEnd(end);
    let texts = 0;
    while (cursor.hasMore(stop)) {
      const tagOfItem = cursor.readTag();
      if (tagOfItem === ANY_STRING) {
        const textEnd = cursor.readEnd(stop);
        texts = valueFlagsOfBytes(cursor.bytes, key, [cursor.pos, textEnd]) & SUSPECT;
        cursor.pos = textEnd;
      } else {
        if (tagOfItem >> 3 >= 1 && tagOfItem >> 3 <= 7) texts = 0;
        cursor.skipField(tagOfItem, stop);
      }
    }
    cursor.endAt(stop);
    flags |= texts;
  }
  cursor.endAt(end);
  return flags;
}

/** Says whether the id that ends at `stop` has this length and is not all zero. */
export function isId(cursor: Cursor, stop: number, length: number): boolean {
  let any = 0;
  if (stop - cursor.pos === length) {
    for (let i = cursor.pos; i < stop; i++) any |= cursor.bytes[i]!;
  }
  cursor.pos = stop;
  return any !== 0;
}

function scanStatus(cursor: Cursor, end: number, before: number): number {
  let code = before;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === STATUS_CODE) code = Number(cursor.readInt64());
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return code;
}
