// Reads an ExportTraceServiceRequest. Each span is first walked over without decoding anything, only
// to see whether it is kept; most are not, and cost next to nothing.
import { EVENT_GRAPH_SNAPSHOT } from '../../instrumentation/semconv/index.ts';
import { Cursor } from './cursor.ts';
import { isKept, type KeepPolicy } from './keep.ts';
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
} from './scan.ts';
import {
  DecodeError,
  EVENT_EXCEPTION,
  MAX_LINKS,
  MAX_MESSAGES,
  MAX_SNAPSHOT_EVENTS,
  type ReadResult,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type VisitSpan,
} from './span.ts';
import { readAttribute } from './values.ts';

// Tags: field number << 3 | wire type. A known field with another wire type is an unknown field.
const REQUEST_RESOURCE_SPANS = 0x0a;
const RESOURCE_SPANS_RESOURCE = 0x0a;
const RESOURCE_SPANS_SCOPE_SPANS = 0x12;
const RESOURCE_ATTRIBUTE = 0x0a;
const SCOPE_SPANS_SCOPE = 0x0a;
const SCOPE_SPANS_SPAN = 0x12;
const SCOPE_NAME = 0x0a;
const SCOPE_VERSION = 0x12;
const SPAN_PARENT_ID = 0x22;
const SPAN_KIND = 0x30;
const SPAN_START = 0x39;
const SPAN_END = 0x41;
const SPAN_EVENT = 0x5a;
const SPAN_LINK = 0x6a;
const STATUS_MESSAGE = 0x12;
const EVENT_TIME = 0x09;
const EVENT_NAME = 0x12;
const EVENT_ATTRIBUTE = 0x1a;
const LINK_TRACE_ID = 0x0a;
const LINK_SPAN_ID = 0x12;

/** Start and end of a message in the body. */
type Range = [start: number, end: number];

/**
 * Reads a protobuf request and calls `visit` for each span that the policy keeps. Nothing is known
 * of the request until this returns: an error in its last byte comes after all visits.
 * @throws DecodeError with the byte offset when the body is not an ExportTraceServiceRequest
 */
export function readProtobuf(body: Buffer, policy: KeepPolicy, visit: VisitSpan): ReadResult {
  const reader = new RequestReader(body, policy, visit);
  try {
    reader.readRequest();
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`${(error as Error).message} at byte ${reader.cursor.pos}`);
  }
  return reader.result;
}

class RequestReader {
  readonly cursor: Cursor;
  readonly result: ReadResult = { received: 0, kept: 0, rejected: 0, messages: [] };
  private readonly policy: KeepPolicy;
  private readonly visit: VisitSpan;

  constructor(body: Buffer, policy: KeepPolicy, visit: VisitSpan) {
    this.cursor = new Cursor(body);
    this.policy = policy;
    this.visit = visit;
  }

  readRequest(): void {
    const { cursor } = this;
    const end = cursor.length;
    while (cursor.pos < end) {
      const tag = cursor.readVarint();
      if (tag === REQUEST_RESOURCE_SPANS) this.readResourceSpans(cursor.readEnd(end));
      else cursor.skipField(tag, end);
    }
    cursor.endAt(end);
  }

  /** The resource may stand behind its spans, so its place is looked up first. */
  private readResourceSpans(end: number): void {
    const { cursor } = this;
    const resources: Range[] = [];
    const scopeSpans: Range[] = [];
    while (cursor.pos < end) {
      const tag = cursor.readVarint();
      if (tag === RESOURCE_SPANS_RESOURCE) this.remember(resources, end);
      else if (tag === RESOURCE_SPANS_SCOPE_SPANS) this.remember(scopeSpans, end);
      else cursor.skipField(tag, end);
    }
    cursor.endAt(end);
    const resource = once(() => this.readResource(resources));
    for (const range of scopeSpans) this.readScopeSpans(range, resource);
    cursor.pos = end;
  }

  /** The scope may stand behind its spans too, so what is kept is decoded at the end. */
  private readScopeSpans([start, end]: Range, resource: () => Resource): void {
    const { cursor } = this;
    cursor.pos = start;
    const scopes: Range[] = [];
    const kept: Range[] = [];
    while (cursor.pos < end) {
      const tag = cursor.readVarint();
      if (tag === SCOPE_SPANS_SPAN) {
        const stop = cursor.readEnd(end);
        const spanStart = cursor.pos;
        if (this.wantsSpan(stop)) kept.push([spanStart, stop]);
      } else if (tag === SCOPE_SPANS_SCOPE) this.remember(scopes, end);
      else cursor.skipField(tag, end);
    }
    cursor.endAt(end);
    if (kept.length === 0) return;
    const scope = this.readScope(scopes);
    for (const [spanStart, spanEnd] of kept) {
      this.result.kept++;
      this.visit(resource(), scope, this.readSpan(spanStart, spanEnd));
    }
  }

  private remember(ranges: Range[], end: number): void {
    const stop = this.cursor.readEnd(end);
    ranges.push([this.cursor.pos, stop]);
    this.cursor.pos = stop;
  }

  /** Walks over the span that ends at `end` and says whether to decode it. */
  private wantsSpan(end: number): boolean {
    this.result.received++;
    const flags = scanSpan(this.cursor, end);
    if ((flags & BAD_TRACE_ID) !== 0) this.reject('trace_id', 16);
    else if ((flags & BAD_SPAN_ID) !== 0) this.reject('span_id', 8);
    else return isKept(flags, this.policy);
    return false;
  }

  private reject(field: string, bytes: number): void {
    const { result } = this;
    result.rejected++;
    if (result.messages.length < MAX_MESSAGES) {
      result.messages.push(
        `span ${result.received} of the request: ${field} must be ${bytes} bytes, not all zero`,
      );
    }
  }

  private readResource(ranges: Range[]): Resource {
    const { cursor } = this;
    const attributes: Resource['attributes'] = new Map();
    for (const [start, end] of ranges) {
      cursor.pos = start;
      while (cursor.pos < end) {
        const tag = cursor.readVarint();
        if (tag === RESOURCE_ATTRIBUTE) readAttribute(cursor, cursor.readEnd(end), attributes);
        else cursor.skipField(tag, end);
      }
      cursor.endAt(end);
    }
    return { attributes };
  }

  private readScope(ranges: Range[]): Scope {
    const { cursor } = this;
    const scope: Scope = { name: '', version: '' };
    for (const [start, end] of ranges) {
      cursor.pos = start;
      while (cursor.pos < end) {
        const tag = cursor.readVarint();
        if (tag === SCOPE_NAME) scope.name = cursor.readText(end);
        else if (tag === SCOPE_VERSION) scope.version = cursor.readText(end);
        else cursor.skipField(tag, end);
      }
      cursor.endAt(end);
    }
    return scope;
  }

  private readSpan(start: number, end: number): Span {
    const { cursor } = this;
    cursor.pos = start;
    const span = emptySpan();
    let exception: SpanEvent | undefined;
    while (cursor.pos < end) {
      const tag = cursor.readVarint();
      if (tag === SPAN_ATTRIBUTE) readAttribute(cursor, cursor.readEnd(end), span.attributes);
      else if (tag === SPAN_EVENT) {
        const event = readEvent(cursor, cursor.readEnd(end));
        if (event?.name === EVENT_EXCEPTION) exception = event;
        else if (event && span.events.length < MAX_SNAPSHOT_EVENTS) span.events.push(event);
      } else if (tag === SPAN_LINK) readLink(cursor, cursor.readEnd(end), span);
      else if (tag === SPAN_STATUS) readStatus(cursor, cursor.readEnd(end), span);
      else readScalar(cursor, tag, end, span);
    }
    cursor.endAt(end);
    if (exception) span.events.push(exception);
    return span;
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
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
  else if (tag === SPAN_START) span.startNs = cursor.readFixed64BigInt(end);
  else if (tag === SPAN_END) span.endNs = cursor.readFixed64BigInt(end);
  else cursor.skipField(tag, end);
}

function readStatus(cursor: Cursor, end: number, span: Span): void {
  while (cursor.pos < end) {
    const tag = cursor.readVarint();
    if (tag === STATUS_CODE) span.statusCode = Number(cursor.readInt64());
    else if (tag === STATUS_MESSAGE) span.statusMessage = cursor.readText(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
}

/** The event that ends at `end`, or undefined when it is of no interest. */
function readEvent(cursor: Cursor, end: number): SpanEvent | undefined {
  const start = cursor.pos;
  const event: SpanEvent = { name: '', timeNs: 0n, attributes: new Map() };
  while (cursor.pos < end) {
    const tag = cursor.readVarint();
    if (tag === EVENT_NAME) event.name = cursor.readText(end);
    else if (tag === EVENT_TIME) event.timeNs = cursor.readFixed64BigInt(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  if (event.name !== EVENT_EXCEPTION && event.name !== EVENT_GRAPH_SNAPSHOT) return undefined;
  cursor.pos = start;
  while (cursor.pos < end) {
    const tag = cursor.readVarint();
    if (tag === EVENT_ATTRIBUTE) readAttribute(cursor, cursor.readEnd(end), event.attributes);
    else cursor.skipField(tag, end);
  }
  return event;
}

function readLink(cursor: Cursor, end: number, span: Span): void {
  const link = { traceId: '', spanId: '' };
  while (cursor.pos < end) {
    const tag = cursor.readVarint();
    if (tag === LINK_TRACE_ID) link.traceId = cursor.readHex(end);
    else if (tag === LINK_SPAN_ID) link.spanId = cursor.readHex(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  if (span.links.length < MAX_LINKS) span.links.push(link);
}
