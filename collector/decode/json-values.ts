// JSON attribute lists (`KeyValue`, `AnyValue`) into the same maps as the protobuf reader's.
import { arrayAt, integerOf, type JsonObject, objectAt, wrongType } from './json-fields.ts';
import {
  type Attributes,
  MAX_ATTRIBUTES,
  MAX_DEPTH,
  MAX_ITEMS,
  TOO_DEEP,
  type Value,
} from './span.ts';

/** Replaces surrogates that stand alone, which have no UTF-8. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** The `attributes` of a resource, span, event or log record. */
export function readJsonAttributes(raw: JsonObject, path: string): Attributes {
  const attributes: Attributes = new Map();
  for (const [i, entry] of arrayAt(raw, 'attributes', path).slice(0, MAX_ITEMS).entries()) {
    if (attributes.size >= MAX_ATTRIBUTES) break;
    const [key, value] = readKeyValue(entry, `${path}.attributes[${i}]`, 0);
    attributes.set(key, value);
  }
  return attributes;
}

function readKeyValue(entry: unknown, path: string, depth: number): [string, Value] {
  const raw = objectAt(entry, path);
  const key = raw.key ?? '';
  if (typeof key !== 'string') throw wrongType(`${path}.key`, 'a string', key);
  return [wellFormed(key), readJsonValue(raw.value ?? {}, `${path}.value`, depth)];
}

/** Reads an AnyValue; null when it holds nothing that is known. */
export function readJsonValue(value: unknown, path: string, depth = 0): Value {
  const raw = objectAt(value, path);
  if (present(raw, 'stringValue')) {
    const text = raw.stringValue;
    if (typeof text !== 'string') throw wrongType(`${path}.stringValue`, 'a string', text);
    return wellFormed(text);
  }
  if (present(raw, 'boolValue')) {
    const flag = raw.boolValue;
    if (typeof flag !== 'boolean') throw wrongType(`${path}.boolValue`, 'a boolean', flag);
    return flag;
  }
  if (present(raw, 'intValue')) return readInt(raw.intValue, `${path}.intValue`);
  if (present(raw, 'doubleValue')) return readDouble(raw.doubleValue, `${path}.doubleValue`);
  if (present(raw, 'arrayValue')) return readArray(raw.arrayValue, path, depth + 1);
  if (present(raw, 'kvlistValue')) return readKeyValueList(raw.kvlistValue, path, depth + 1);
  if (present(raw, 'bytesValue')) return readBytes(raw.bytesValue, `${path}.bytesValue`);
  return null;
}

function present(raw: JsonObject, field: string): boolean {
  return raw[field] !== undefined && raw[field] !== null;
}

function readInt(value: unknown, path: string): Value {
  const exact = integerOf(value);
  if (exact === undefined || BigInt.asIntN(64, exact) !== exact) {
    throw wrongType(path, 'a 64-bit integer as string or number', value);
  }
  const small = Number(exact);
  return Number.isSafeInteger(small) ? small : exact;
}

const SPECIAL_DOUBLES = new Set(['NaN', 'Infinity', '-Infinity']);

function readDouble(value: unknown, path: string): Value {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value);
    if (SPECIAL_DOUBLES.has(value) || Number.isFinite(number)) return number;
  }
  throw wrongType(path, 'a number', value);
}

function readBytes(value: unknown, path: string): Value {
  if (typeof value !== 'string') throw wrongType(path, 'base64 text', value);
  return Buffer.from(value, 'base64').toString('base64');
}

function readArray(value: unknown, path: string, depth: number): Value {
  if (depth > MAX_DEPTH) return TOO_DEEP;
  const items = arrayAt(objectAt(value, `${path}.arrayValue`), 'values', `${path}.arrayValue`);
  return items
    .slice(0, MAX_ITEMS)
    .map((item, i) => readJsonValue(item, `${path}.arrayValue.values[${i}]`, depth));
}

function readKeyValueList(value: unknown, path: string, depth: number): Value {
  if (depth > MAX_DEPTH) return TOO_DEEP;
  const items = arrayAt(objectAt(value, `${path}.kvlistValue`), 'values', `${path}.kvlistValue`);
  return Object.fromEntries(
    items
      .slice(0, MAX_ITEMS)
      .map((item, i) => readKeyValue(item, `${path}.kvlistValue.values[${i}]`, depth)),
  );
}
