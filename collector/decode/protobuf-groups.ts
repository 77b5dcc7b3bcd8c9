// Walks the groups of a protobuf request: resources, scopes and what is in them have the same field
// numbers in every signal. Each item is first walked over without decoding anything, only to see
// whether it is kept; most are not, and cost next to nothing.
import { Cursor } from './cursor.ts';
import {
  countItem,
  DecodeError,
  emptyResult,
  MAX_IN_REQUEST,
  type ReadResult,
  type Resource,
  type Scope,
  type Visit,
} from './span.ts';
import type { Steps } from './turns.ts';
import { readAttribute } from './values.ts';

// Tags: field number << 3 | wire type. A known field with another wire type is an unknown field.
const REQUEST_GROUP = 0x0a;
const GROUP_RESOURCE = 0x0a;
const GROUP_SCOPE_ITEMS = 0x12;
const RESOURCE_ATTRIBUTE = 0x0a;
const SCOPE_ITEMS_SCOPE = 0x0a;
const SCOPE_ITEMS_ITEM = 0x12;
const SCOPE_NAME = 0x0a;
const SCOPE_VERSION = 0x12;

/** Bytes that are looked at in one step. */
const STEP_BYTES = 256 * 1024;

/** Bytes from which an item itself is read in steps. */
const LARGE_ITEM = 64 * 1024;

/** Start and end of a message in the body. */
type Range = [start: number, end: number];

/** Of {@link ProtobufItems.wants}, where there is only one way to decode an item. */
export const WANTED = 1;

/** What a signal's items are. */
export interface ProtobufItems<Item> {
  /**
   * Walks over the item from the cursor to `end`, and says how to decode it; 0: not at all.
   * @param resource decodes the item's resource, and moves the cursor
   */
  wants(cursor: Cursor, end: number, result: ReadResult, resource: () => Resource): number;
  /** Decodes the item from the cursor to `end`. */
  read(cursor: Cursor, end: number, how: number): Item;
  /** The same for large items. */
  wantsInSteps?: (...args: Parameters<ProtobufItems<Item>['wants']>) => Steps<number>;
  readInSteps?: (...args: Parameters<ProtobufItems<Item>['read']>) => Steps<Item>;
}

/**
 * Reads a protobuf request and calls `visit` for each item that is wanted. Nothing is known of the
 * request until this returns: an error in its last byte comes after all visits.
 * @throws DecodeError with the byte offset when the body is not a request of this signal
 */
export function* readGroups<Item>(
  body: Buffer,
  items: ProtobufItems<Item>,
  visit: Visit<Item>,
): Steps<ReadResult> {
  const reader = new GroupReader(body, items, visit);
  try {
    yield* reader.readRequest();
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`${(error as Error).message} at byte ${reader.cursor.pos}`);
  }
  return reader.result;
}

class GroupReader<Item> {
  readonly cursor: Cursor;
  readonly result = emptyResult();
  private readonly items: ProtobufItems<Item>;
  private readonly visit: Visit<Item>;
  private groups = 0;
  private stepEnd = STEP_BYTES;

  constructor(body: Buffer, items: ProtobufItems<Item>, visit: Visit<Item>) {
    this.cursor = new Cursor(body);
    this.items = items;
    this.visit = visit;
  }

  *readRequest(): Steps<void> {
    const { cursor } = this;
    const end = cursor.length;
    while (cursor.pos < end) {
      const tag = cursor.readTag();
      if (tag === REQUEST_GROUP) {
        this.count();
        yield* this.readGroup(cursor.readEnd(end));
      } else cursor.skipField(tag, end);
      if (cursor.pos >= this.stepEnd) yield this.step(cursor.pos);
    }
    cursor.endAt(end);
  }

  /** The resource may stand behind its items, so its place is looked up first. */
  private *readGroup(end: number): Steps<void> {
    const { cursor } = this;
    const resources: Range[] = [];
    const scopeItems: Range[] = [];
    while (cursor.pos < end) {
      const tag = cursor.readTag();
      if (tag === GROUP_RESOURCE) this.remember(resources, end);
      else if (tag === GROUP_SCOPE_ITEMS) this.remember(scopeItems, end);
      else cursor.skipField(tag, end);
      if (cursor.pos >= this.stepEnd) yield this.step(cursor.pos);
    }
    this.stepEnd = 0;
    cursor.endAt(end);
    const resource = once(() => this.readResource(resources));
    for (const range of scopeItems) yield* this.readScopeItems(range, resource);
    cursor.pos = end;
  }

  /** The scope may stand behind its items too, so what is kept is decoded at the end. */
  private *readScopeItems([start, end]: Range, resource: () => Resource): Steps<void> {
    const { cursor, items, result } = this;
    cursor.pos = start;
    const scopes: Range[] = [];
    const kept: [...Range, how: number][] = [];
    while (cursor.pos < end) {
      const tag = cursor.readTag();
      if (tag === SCOPE_ITEMS_ITEM) {
        const stop = cursor.readEnd(end);
        const itemStart = cursor.pos;
        countItem(result);
        cursor.begin();
        const how =
          items.wantsInSteps && stop - itemStart > LARGE_ITEM
            ? yield* items.wantsInSteps(cursor, stop, result, resource)
            : items.wants(cursor, stop, result, resource);
        if (how !== 0) kept.push([itemStart, stop, how]);
        if (stop >= this.stepEnd) yield this.step(stop);
      } else if (tag === SCOPE_ITEMS_SCOPE) this.remember(scopes, end);
      else {
        cursor.skipField(tag, end);
        if (cursor.pos >= this.stepEnd) yield this.step(cursor.pos);
      }
    }
    cursor.endAt(end);
    if (kept.length === 0) return;
    const scope = this.readScope(scopes);
    for (const [itemStart, itemEnd, how] of kept) {
      result.kept++;
      const origin = resource();
      cursor.pos = itemStart;
      cursor.begin();
      const item =
        items.readInSteps && itemEnd - itemStart > LARGE_ITEM
          ? yield* items.readInSteps(cursor, itemEnd, how)
          : items.read(cursor, itemEnd, how);
      this.visit(origin, scope, item);
      yield;
    }
  }

  private step(pos: number): undefined {
    this.stepEnd = pos + STEP_BYTES;
  }

  private remember(ranges: Range[], end: number): void {
    const stop = this.cursor.readEnd(end);
    this.count();
    ranges.push([this.cursor.pos, stop]);
    this.cursor.pos = stop;
  }

  /** Resources, scopes and what holds them. */
  private count(): void {
    if (++this.groups > MAX_IN_REQUEST)
      throw new DecodeError(`more than ${MAX_IN_REQUEST} resources and scopes in one request`);
  }

  private readResource(ranges: Range[]): Resource {
    const { cursor } = this;
    const attributes: Resource['attributes'] = new Map();
    cursor.begin();
    for (const [start, end] of ranges) {
      cursor.pos = start;
      while (cursor.hasMore(end)) {
        const tag = cursor.readTag();
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
    cursor.begin();
    for (const [start, end] of ranges) {
      cursor.pos = start;
      while (cursor.hasMore(end)) {
        const tag = cursor.readTag();
        if (tag === SCOPE_NAME) scope.name = cursor.readText(end);
        else if (tag === SCOPE_VERSION) scope.version = cursor.readText(end);
        else cursor.skipField(tag, end);
      }
      cursor.endAt(end);
    }
    return scope;
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
