import { EVENT_GRAPH_SNAPSHOT } from '../../instrumentation/semconv/index.ts';

// The shape that both readers (protobuf and JSON) hand on: a span with everything a row needs.

/** Value of an attribute. Bytes are base64 text; a 64-bit integer beyond 2^53 is a bigint. */
export type Value = string | number | bigint | boolean | null | Value[] | { [key: string]: Value };

/** Attributes by key. A key that is sent twice has its last value. */
export type Attributes = Map<string, Value>;

export interface SpanEvent {
  name: string;
  /** Unix time in nanoseconds, 0 when not given. */
  timeNs: bigint;
  attributes: Attributes;
}

export interface SpanLink {
  traceId: string;
  spanId: string;
}

export interface Span {
  /** 32 hex digits, lower case. */
  traceId: string;
  /** 16 hex digits, lower case. */
  spanId: string;
  /** 16 hex digits, or '' for a root span. */
  parentSpanId: string;
  name: string;
  kind: number;
  /** Unix time in nanoseconds, 0 when not given. */
  startNs: bigint;
  /** Unix time in nanoseconds, 0 when not given. */
  endNs: bigint;
  /** `Span.flags`: whether the parent is of another process, see {@link hasRemoteParent}. */
  flags: number;
  statusCode: number;
  statusMessage: string;
  /** Of a span that did not fail, only those that rows are made of. */
  attributes: Attributes;
  /** The last `exception` event and those of {@link isReadEvent}. */
  events: SpanEvent[];
  links: SpanLink[];
}

export interface Resource {
  attributes: Attributes;
}

export interface Scope {
  name: string;
  version: string;
}

/** Called once for each item (span or log record) that is kept, in the order of the request. */
export type Visit<Item> = (resource: Resource, scope: Scope, item: Item) => void;

/** Called once for each failed span that is not kept. */
export type SkippedFailure = (resource: Resource, name: string) => void;

/** The resource of a span that is not kept: one that cannot be read is passed over like the span. */
export function readableResource(resource: () => Resource): Resource {
  try {
    return resource();
  } catch {
    return { attributes: new Map() };
  }
}

/** Most bytes or UTF-16 units of the name that {@link SkippedFailure} gets. */
export const MAX_SKIPPED_NAME = 1024;

export interface ReadResult {
  /** Items in the request. */
  received: number;
  /** Items handed to the visitor. */
  kept: number;
  /** Items whose ids are not valid. */
  rejected: number;
  /** Why items were rejected, at most {@link MAX_MESSAGES} of them. */
  messages: string[];
}

export function emptyResult(): ReadResult {
  return { received: 0, kept: 0, rejected: 0, messages: [] };
}

/** Counts an item as rejected, and remembers why. */
export function reject(result: ReadResult, message: string): void {
  result.rejected++;
  if (result.messages.length < MAX_MESSAGES) result.messages.push(message);
}

/** `Status.code` of a failed span. */
export const STATUS_ERROR = 2;

/** `Span.kind` of work inside a process. */
export const KIND_INTERNAL = 1;

export const EVENT_EXCEPTION = 'exception';

/** Whether an event is decoded: others are skipped. @param whole all of the span is decoded */
export function isReadEvent(name: string, whole: boolean): boolean {
  if (name === EVENT_EXCEPTION || name === EVENT_GRAPH_SNAPSHOT) return true;
  return whole && name.startsWith('gen_ai.');
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Whether the span says that its parent is of another process. */
export function hasRemoteParent({ flags }: Span): boolean {
  return (flags & (HAS_IS_REMOTE | IS_REMOTE)) === (HAS_IS_REMOTE | IS_REMOTE);
}

/** What is read of one item at most; what is beyond is skipped. */
export const MAX_ATTRIBUTES = 1024;
export const MAX_LINKS = 1024;
export const MAX_SNAPSHOT_EVENTS = 16;
/** Items of one array or key-value list. */
export const MAX_ITEMS = 4096;
/** Bytes of a text that are read; twice what any column holds. */
export const MAX_TEXT_BYTES = 512 * 1024;
/** Bytes of the texts of one item's values, and those values in all. */
export const MAX_ITEM_BYTES = 4 * 1024 * 1024;
export const MAX_ITEM_VALUES = 50_000;
/** Fields of the messages inside of an item that are looked at in one step. */
export const MAX_ITEM_FIELDS = 400_000;
/** Levels of arrays and key-value lists in one value. */
export const MAX_DEPTH = 16;
/** Stands for a value below {@link MAX_DEPTH}. */
export const TOO_DEEP = '[nested too deeply]';
/** Messages that a partial success carries. */
export const MAX_MESSAGES = 5;

/** A request that is not OTLP; the message names the byte offset or the field. */
export class DecodeError extends Error {
  override name = 'DecodeError';
  /** Path of the field that is wrong; '' when it is the body as a whole. */
  readonly field: string;

  constructor(message: string, field = '') {
    super(message);
    this.field = field;
  }
}

/** Most spans or log records of one request, and most groups: exporters send some hundreds. */
export const MAX_IN_REQUEST = 100_000;

/** Counts an item of a request. @throws DecodeError when there are too many */
export function countItem(result: ReadResult): void {
  if (++result.received > MAX_IN_REQUEST)
    throw new DecodeError(`more than ${MAX_IN_REQUEST} spans or log records in one request`);
}
