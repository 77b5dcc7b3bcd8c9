// Reads an ExportTraceServiceRequest in protobuf.
import type { Cursor } from './cursor.ts';
import { FAILED, isKept, type KeepPolicy, SILENT } from './flags.ts';
import { type ProtobufItems, readGroups } from './protobuf-groups.ts';
import {
  BAD_SPAN_ID,
  BAD_TRACE_ID,
  SPAN_ATTRIBUTE,
  SPAN_NAME,
  SPAN_SPAN_ID,
  SPAN_STATUS,
  SPAN_TRACE_ID,
  STATUS_CODE,
  scanSpan,
  scanSpanInSteps,
} from './scan.ts';
import {
  EVENT_EXCEPTION,
  isReadEvent,
  MAX_LINKS,
  MAX_SKIPPED_NAME,
  MAX_SNAPSHOT_EVENTS,
  type ReadResult,
  type Resource,
  readableResource,
  reject,
  type SkippedFailure,
  type Span,
  type SpanEvent,
  type Visit,
} from './span.ts';
import { atOnce, type Steps } from './turns.ts';
import { readAttribute, readNeededAttribute } from './values.ts';

// Tags: field number << 3 | wire type. A known field with another wire type is an unknown field.
const SPAN_PARENT_ID = 0x22;
const SPAN_KIND = 0x30;
const SPAN_START = 0x39;
const SPAN_END = 0x41;
const SPAN_EVENT = 0x5a;
const SPAN_LINK = 0x6a;
const SPAN_FLAGS = 0x85;
const STATUS_MESSAGE = 0x12;
const EVENT_TIME = 0x09;
const EVENT_NAME = 0x12;
const EVENT_ATTRIBUTE = 0x1a;
const LINK_TRACE_ID = 0x0a;
const LINK_SPAN_ID = 0x12;

/**
 * Reads a protobuf request and calls `visit` for each span that the policy keeps. An error may come
 * after some visits.
 * @param also flags of good spans that are wanted besides, such as `MODEL`
 * @param skipped takes failed spans that the policy does not keep
 * @throws DecodeError with the byte offset when the body is not an ExportTraceServiceRequest
 */
export function readProtobuf(
  body: Buffer,
  policy: KeepPolicy,
  visit: Visit<Span>,
  also = 0,
  skipped?: SkippedFailure,
): Steps<ReadResult> {
  const decide = (
    [start, flags]: [start: number, flags: number],
    cursor: Cursor,
    end: number,
    result: ReadResult,
    resource: () => Resource,
  ): number => {
    if ((flags & BAD_TRACE_ID) !== 0) rejectSpan(result, 'trace_id', 16);
    else if ((flags & BAD_SPAN_ID) !== 0) rejectSpan(result, 'span_id', 8);
    else if ((flags & SILENT) !== 0 && (flags & FAILED) === 0) {
      if (cursor.bytes.subarray(start, end).includes(EVENT_EXCEPTION)) return WHOLE;
      return isKept(flags, policy, also) ? PARTLY : 0;
    } else if (isKept(flags, policy, also)) return (flags & FAILED) === 0 ? PARTLY : WHOLE;
    else if ((flags & FAILED) !== 0 && skipped) {
      cursor.pos = start;
      const name = readName(cursor, end);
      skipped(readableResource(resource), name);
      cursor.pos = end;
    }
    return 0;
  };
  const items: ProtobufItems<Span> = {
    wants: (cursor, end, result, resource) =>
      decide([cursor.pos, scanSpan(cursor, end)], cursor, end, result, resource),
    *wantsInSteps(cursor, end, result, resource) {
      const start = cursor.pos;
      const flags = yield* scanSpanInSteps(cursor, end);
      return decide([start, flags], cursor, end, result, resource);
    },
    read: (cursor, end, how) => atOnce(readSpan(cursor, end, how)),
    readInSteps: readSpan,
  };
  return readGroups(body, items, visit);
}

/** How to decode a span: only the attributes that rows of good spans are made of, or all. */
const PARTLY = 1;
const WHOLE = 2;

function rejectSpan(result: ReadResult, field: string, bytes: number): void {
  reject(
    result,
    `span ${result.received} of the request: ${field} must be ${bytes} bytes, not all zero`,
  );
}

/** Bytes of a span that are read in one step. */
const STEP_BYTES = 64 * 1024;

function* readSpan(cursor: Cursor, end: number, how: number): Steps<Span> {
  const span = emptySpan();
  const read = how === WHOLE ? readAttribute : readNeededAttribute;
  let exceptionAt: [start: number, end: number] | undefined;
  let stepEnd = cursor.pos + STEP_BYTES;
  while (cursor.pos < end) {
    const tag = cursor.readTag();
    if (tag === SPAN_ATTRIBUTE) read(cursor, cursor.readEnd(end), span.attributes);
    else if (tag === SPAN_EVENT) {
      const stop = cursor.readEnd(end);
      const start = cursor.pos;
      const name = readEventName(cursor, stop);
      if (name === EVENT_EXCEPTION) exceptionAt = [start, stop];
      else if (isReadEvent(name, how === WHOLE) && span.events.length < MAX_SNAPSHOT_EVENTS) {
        span.events.push(readEvent(cursor, start, stop));
      }
    } else if (tag === SPAN_LINK) readLink(cursor, cursor.readEnd(end), span);
    else if (tag === SPAN_STATUS) readStatus(cursor, cursor.readEnd(end), span);
    else readScalar(cursor, tag, end, span);
    if (cursor.pos >= stepEnd) {
      yield;
      cursor.beginStep();
      stepEnd = cursor.pos + STEP_BYTES;
    }
  }
  cursor.endAt(end);
  // Only the last one counts, whatever was read before it.
  if (exceptionAt) {
    cursor.begin();
    span.events.push(readEvent(cursor, ...exceptionAt));
  }
  cursor.pos = end;
  return span;
}

function readName(cursor: Cursor, end: number): string {
  let name = '';
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === SPAN_NAME) {
      const stop = cursor.readEnd(end);
      name = cursor.readTextUntil(Math.min(stop, cursor.pos + MAX_SKIPPED_NAME));
      cursor.pos = stop;
    } else cursor.skipField(tag, end);
  }
  return name;
}

function emptySpan(): Span {
  return {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    flags: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: new Map(),
    events: [],
    links: [],
  };
}

function readScalar(cursor: Cursor, tag: number, end: number, span: Span): void {
  if (tag === SPAN_TRACE_ID) span.traceId = cursor.readHex(end);
  else if (tag === SPAN_SPAN_ID) span.spanId = cursor.readHex(end);
  else if (tag === SPAN_PARENT_ID) span.parentSpanId = cursor.readHex(end);
  else if (tag === SPAN_NAME) span.name = cursor.readText(end);
  else if (tag === SPAN_KIND) span.kind = Number(cursor.readInt64());
  else if (tag === SPAN_FLAGS) span.flags = cursor.readFixed32();
  else if (tag === SPAN_START) span.startNs = cursor.readFixed64BigInt(end);
  else if (tag === SPAN_END) span.endNs = cursor.readFixed64BigInt(end);
  else cursor.skipField(tag, end);
}

function readStatus(cursor: Cursor, end: number, span: Span): void {
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === STATUS_CODE) span.statusCode = Number(cursor.readInt64());
    else if (tag === STATUS_MESSAGE) span.statusMessage = cursor.readText(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
}

/** Moves the cursor to the event's end. */
function readEventName(cursor: Cursor, end: number): string {
  let name = '';
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === EVENT_NAME) name = cursor.readText(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return name;
}

function readEvent(cursor: Cursor, start: number, end: number): SpanEvent {
  const event: SpanEvent = { name: '', timeNs: 0n, attributes: new Map() };
  cursor.pos = start;
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === EVENT_NAME) event.name = cursor.readText(end);
    else if (tag === EVENT_TIME) event.timeNs = cursor.readFixed64BigInt(end);
    else if (tag === EVENT_ATTRIBUTE) readAttribute(cursor, cursor.readEnd(end), event.attributes);
    else cursor.skipField(tag, end);
  }
  return event;
}

function readLink(cursor: Cursor, end: number, span: Span): void {
  if (span.links.length >= MAX_LINKS) {
    cursor.pos = end;
    return;
  }
  const link = { traceId: '', spanId: '' };
  while (cursor.hasMore(end)) {
    const tag = cursor.readTag();
    if (tag === LINK_TRACE_ID) link.traceId = cursor.readHex(end);
    else if (tag === LINK_SPAN_ID) link.spanId = cursor.readHex(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  span.links.push(link);
}
