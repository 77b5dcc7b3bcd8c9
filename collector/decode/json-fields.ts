// Typed access to the fields of parsed JSON. An absent field and null have the default that protobuf
// gives; a value of another type is an error that names the field.
import { DecodeError } from './span.ts';

export type JsonObject = { readonly [field: string]: unknown };

export function objectAt(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw wrongType(path, 'an object', value);
}

export function arrayAt(raw: JsonObject, field: string, path: string): readonly unknown[] {
  const value = raw[field] ?? undefined;
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw wrongType(join(path, field), 'an array', value);
}

export function textAt(raw: JsonObject, field: string, path: string): string {
  const value = raw[field] ?? '';
  if (typeof value === 'string') return value;
  throw wrongType(join(path, field), 'a string', value);
}

/** A 32-bit integer. */
export function numberAt(raw: JsonObject, field: string, path: string): number {
  const value = raw[field] ?? 0;
  if (Number.isInteger(value)) return value as number;
  throw wrongType(join(path, field), 'an integer', value);
}

/** An enum as an integer; its names are taken too, though OTLP's JSON has none. */
export function enumAt(
  raw: JsonObject,
  field: string,
  path: string,
  names: readonly string[],
): number {
  const value = raw[field];
  const named = typeof value === 'string' ? names.indexOf(value) : -1;
  return named >= 0 ? named : numberAt(raw, field, path);
}

const MAX_UINT64 = 2n ** 64n - 1n;

/** An unsigned 64-bit integer as a string or a number. */
export function uint64At(raw: JsonObject, field: string, path: string): bigint {
  const value = raw[field] ?? 0;
  const exact = integerOf(value);
  if (exact !== undefined && exact >= 0n && exact <= MAX_UINT64) return exact;
  throw wrongType(join(path, field), 'an unsigned 64-bit integer as string or number', value);
}

/** The integer that a JSON string or number stands for, or undefined. */
export function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

export function wrongType(path: string, expected: string, got: unknown): DecodeError {
  return new DecodeError(`${path}: expected ${expected}, got ${describe(got)}`, path);
}

function describe(got: unknown): string {
  if (Array.isArray(got)) return 'an array';
  // Objects are not shown: one nested deeply enough would overflow the stack.
  return typeof got === 'object' ? 'an object' : JSON.stringify(got).slice(0, 60);
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
