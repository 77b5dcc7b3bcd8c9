// Walks the groups of a request in OTLP's JSON mapping: hex ids, enums as integers (their names are
// taken too), 64-bit integers as strings or numbers, unknown fields ignored, null as absent.
import { arrayAt, type JsonObject, objectAt, textAt } from './json-fields.ts';
import { type Slice, sliceJson } from './json-slices.ts';
import { readJsonAttributes, wellFormed } from './json-values.ts';
import {
  countItem,
  DecodeError,
  emptyResult,
  type ReadResult,
  type Resource,
  reject,
  type Scope,
  type Visit,
} from './span.ts';
import type { Steps } from './turns.ts';

/** What a signal's items are. */
export interface JsonItems<Item> {
  /** Fields of the request, from the outermost to the items: such as 'resourceSpans'. */
  fields: readonly [groups: string, scopes: string, items: string];
  /** Says whether to read the item. @param resource reads the item's resource */
  wants(raw: JsonObject, path: string, result: ReadResult, resource: () => Resource): boolean;
  read(raw: JsonObject, path: string): Item;
}

/** Larger requests are read in slices: parsing cannot be interrupted. */
const WHOLE_BYTES = 512 * 1024;
/** Items that are only looked at between two steps. */
const ITEMS_AT_ONCE = 64;

/**
 * Reads a JSON request and calls `visit` for each item that is wanted. An error may come after some
 * visits.
 * @throws DecodeError naming the field when the body is not a request of this signal
 */
export function* readJsonGroups<Item>(
  body: Buffer,
  items: JsonItems<Item>,
  visit: Visit<Item>,
): Steps<ReadResult> {
  const result = emptyResult();
  if (body.length <= WHOLE_BYTES) {
    yield* readWhole(body.toString('utf8'), [0, 0, 0], items, visit, result);
    return result;
  }
  yield* sliceJson(body, items.fields, function* (slice) {
    if ('text' in slice) return yield* readWhole(slice.text, slice.at, items, visit, result);
    countItem(result);
    reject(result, `${slice.path} ${slice.problem}`);
  });
  return result;
}

function parse(text: string): JsonObject {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new DecodeError(`not JSON: ${(error as Error).message}`);
  }
  return objectAt(request, 'the body');
}

/** @param at where the first group, scope and item stand in the whole request */
function* readWhole<Item>(
  text: string,
  at: Slice['at'],
  items: JsonItems<Item>,
  visit: Visit<Item>,
  result: ReadResult,
): Steps<void> {
  const [groups] = items.fields;
  let index = at[0];
  for (const entry of arrayAt(parse(text), groups, '')) {
    const path = `${groups}[${index++}]`;
    yield* readGroup(objectAt(entry, path), path, at, items, visit, result);
  }
}

function* readGroup<Item>(
  group: JsonObject,
  path: string,
  [, firstScope, firstItem]: Slice['at'],
  items: JsonItems<Item>,
  visit: Visit<Item>,
  result: ReadResult,
): Steps<void> {
  const [, scopesField, itemsField] = items.fields;
  let known: Resource | undefined;
  const resource = (): Resource => {
    known ??= readResource(group, path);
    return known;
  };
  let scopeIndex = firstScope;
  for (const entry of arrayAt(group, scopesField, path)) {
    const scopePath = `${path}.${scopesField}[${scopeIndex++}]`;
    const scopeItems = objectAt(entry, scopePath);
    let scope: Scope | undefined;
    let index = firstItem;
    for (const item of arrayAt(scopeItems, itemsField, scopePath)) {
      const itemPath = `${scopePath}.${itemsField}[${index++}]`;
      const raw = objectAt(item, itemPath);
      countItem(result);
      if (items.wants(raw, itemPath, result, resource)) {
        result.kept++;
        scope ??= readScope(scopeItems, scopePath);
        visit(resource(), scope, items.read(raw, itemPath));
        yield;
      } else if (result.received % ITEMS_AT_ONCE === 0) yield;
    }
  }
}

function readResource(group: JsonObject, path: string): Resource {
  const raw = objectAt(group.resource ?? {}, `${path}.resource`);
  return { attributes: readJsonAttributes(raw, `${path}.resource`) };
}

function readScope(scopeItems: JsonObject, path: string): Scope {
  const raw = objectAt(scopeItems.scope ?? {}, `${path}.scope`);
  return {
    name: wellFormed(textAt(raw, 'name', `${path}.scope`)),
    version: wellFormed(textAt(raw, 'version', `${path}.scope`)),
  };
}

/** Flags of flags.ts and the like, over all attributes. */
export function flagsOfKeys(
  raw: JsonObject,
  path: string,
  flagsOf: (key: string, value: unknown) => number,
): number {
  let flags = 0;
  for (const entry of arrayAt(raw, 'attributes', path)) {
    const { key, value } = (entry ?? {}) as { key?: unknown; value?: unknown };
    if (typeof key === 'string') flags |= flagsOf(key, value);
  }
  return flags;
}

/** Says whether the text is this many hex digits. */
export function isHex(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-fA-F]+$/.test(text);
}

/** Says whether the text is only zeros, or nothing. */
export function isZero(text: string): boolean {
  return /^0*$/.test(text);
}
