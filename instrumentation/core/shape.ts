// How the plain objects of an input are written: most have the keys of one before them.
import { secretName, standard } from '../redaction/index.ts';

/** A key of an object, ready to be written. */
export interface ShapeKey {
  readonly key: string;
  /** `"key":` as JSON in UTF-8. */
  readonly quoted: Uint8Array;
  /** Whether its value has to be looked at because of its name. */
  readonly isOfSecret: boolean;
}

/** The keys of an object, sorted by code unit. */
export interface Shape {
  readonly keys: readonly ShapeKey[];
}

interface Known extends Shape {
  readonly names: readonly string[];
}

const MAX_KEYS = 64;
const MAX_KEY_LENGTH = 128;
const MAX_SHAPES = 1024;
/** By their first key. */
const shapes = new Map<string, Known>();

/**
 * The shape of a plain object.
 * @returns `undefined` for any other object, for one with a key that is itself a secret, and for one that may
 *   hold a name and its value apart
 * @throws what a proxy throws
 */
export function shapeOf(value: object): Shape | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined;
  const names = Object.keys(value);
  if (names.length < MAX_KEYS && names.some((name) => name === 'value' || name === 'Value'))
    return undefined;
  const first = names[0] ?? '';
  const known = shapes.get(first);
  if (known && isSame(known.names, names)) return known;
  const keys: ShapeKey[] = [];
  for (const key of [...names].sort()) {
    if (standard.text(key, {}) !== key) return undefined;
    const quoted = Buffer.from(`${JSON.stringify(key)}:`, 'utf8');
    keys.push({ key, quoted, isOfSecret: secretName(key) !== undefined });
  }
  const shape = { names, keys };
  const isSmall = names.length <= MAX_KEYS && names.every((key) => key.length <= MAX_KEY_LENGTH);
  if (isSmall) {
    if (shapes.size >= MAX_SHAPES) shapes.clear();
    shapes.set(first, shape);
  }
  return shape;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}
