// Walks the groups of a request in OTLP's JSON mapping: hex ids, enums as integers (their names are
// taken too), 64-bit integers as strings or numbers, unknown fields ignored, null as absent.
import { arrayAt, type JsonObject, objectAt, textAt } from './json-fields.ts';
import { readJsonAttributes, wellFormed } from './json-values.ts';
import {
  countItem,
  DecodeError,
  emptyResult,
  type ReadResult,
  type Resource,
  type Scope,
  type Visit,
} from './span.ts';

/** What a signal's items are. */
export interface JsonItems<Item> {
  /** Fields of the request, from the outermost to the items: such as 'resourceSpans'. */
  fields: readonly [groups: string, scopes: string, items: string];
  /** Says whether to read the item. @param resource reads the item's resource */
  wants(raw: JsonObject, path: string, result: ReadResult, resource: () => Resource): boolean;
  read(raw: JsonObject, path: string): Item;
}

/**
 * Reads a JSON request and calls `visit` for each item that is wanted. An error may come after some
 * visits.
 * @throws DecodeError naming the field when the body is not a request of this signal
 */
export function readJsonGroups<Item>(
  body: Buffer,
  items: JsonItems<Item>,
  visit: Visit<Item>,
): ReadResult {
  const result = emptyResult();
  const [groups] = items.fields;
  arrayAt(parse(body), groups, '').forEach((entry, i) => {
    const path = `${groups}[${i}]`;
    readGroup(objectAt(entry, path), path, items, visit, result);
  });
  return result;
}

/** Smaller requests take no time, whatever they are. */
const FREE_CONTAINERS = 100_000;
/** What a request of real spans has more than once for each object or list. */
const LEAST_BYTES = 8;

/**
 * Refuses JSON that is nothing but objects and lists before it is parsed: some kilobytes on the wire would
 * hold the process for minutes.
 * @throws DecodeError
 */
function boundStructure(body: Buffer): void {
  if (body.length < FREE_CONTAINERS) return;
  let containers = 0;
  let isText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (isText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      containers++;
      if (containers > FREE_CONTAINERS && containers * LEAST_BYTES > i)
        throw new DecodeError(`more than ${FREE_CONTAINERS} objects and lists with little in them`);
    }
  }
}

function parse(body: Buffer): JsonObject {
  let request: unknown;
  try {
    boundStructure(body);
    request = JSON.parse(body.toString('utf8'));
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`not JSON: ${(error as Error).message}`);
  }
  return objectAt(request, 'the body');
}

function readGroup<Item>(
  group: JsonObject,
  path: string,
  items: JsonItems<Item>,
  visit: Visit<Item>,
  result: ReadResult,
): void {
  const [, scopesField, itemsField] = items.fields;
  let known: Resource | undefined;
  const resource = (): Resource => {
    known ??= readResource(group, path);
    return known;
  };
  arrayAt(group, scopesField, path).forEach((entry, i) => {
    const scopePath = `${path}.${scopesField}[${i}]`;
    const scopeItems = objectAt(entry, scopePath);
    let scope: Scope | undefined;
    arrayAt(scopeItems, itemsField, scopePath).forEach((item, j) => {
      const itemPath = `${scopePath}.${itemsField}[${j}]`;
      const raw = objectAt(item, itemPath);
      countItem(result);
      if (!items.wants(raw, itemPath, result, resource)) return;
      result.kept++;
      scope ??= readScope(scopeItems, scopePath);
      visit(resource(), scope, items.read(raw, itemPath));
    });
  });
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

/** Flags of keep.ts and the like, over all attributes. */
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
