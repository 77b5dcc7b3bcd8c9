// Walks over a log record's bytes only to see whether it reports a span's exception. Nearly no record
// does; bodies and attribute values are stepped over.
import type { Cursor } from './cursor.ts';
import { BAD_SPAN_ID, BAD_TRACE_ID, isId, scanKey } from './scan.ts';

// Tags of `LogRecord`: field number << 3 | wire type.
export const LOG_ATTRIBUTE = 0x32;
export const LOG_TRACE_ID = 0x4a;
export const LOG_SPAN_ID = 0x52;

/** Besides the flags of flags.ts and scan.ts: the record has no trace id. */
const NO_TRACE_ID = 1 << 10;
/** The record has no span id. */
const NO_SPAN_ID = 1 << 11;
/** The record belongs to no span. */
export const UNTIED = NO_TRACE_ID | NO_SPAN_ID;

/**
 * Flags of the record from the cursor to `end`: those of flags.ts for its attributes, a bad id when
 * one has a wrong length, {@link UNTIED} bits when one is absent, empty or all zero.
 * @throws DecodeError when the fields do not end where the record does
 */
export function scanLogRecord(cursor: Cursor, end: number): number {
  let flags = 0;
  let traceId = NO_TRACE_ID;
  let spanId = NO_SPAN_ID;
  while (cursor.pos < end) {
    const tag = cursor.readTag();
    if (tag === LOG_ATTRIBUTE) {
      const stop = cursor.readEnd(end);
      flags |= scanKey(cursor, cursor.pos, stop);
      cursor.pos = stop;
    } else if (tag === LOG_TRACE_ID) {
      traceId = scanId(cursor, cursor.readEnd(end), 16, NO_TRACE_ID, BAD_TRACE_ID);
    } else if (tag === LOG_SPAN_ID) {
      spanId = scanId(cursor, cursor.readEnd(end), 8, NO_SPAN_ID, BAD_SPAN_ID);
    } else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return flags | traceId | spanId;
}

function scanId(cursor: Cursor, stop: number, length: number, none: number, bad: number): number {
  const given = stop - cursor.pos;
  if (isId(cursor, stop, length)) return 0;
  return given === 0 || given === length ? none : bad;
}
