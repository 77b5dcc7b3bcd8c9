// Reads an output without trusting it, using it up, or walking more of it than asked.
import { readProperty } from '../core/exception.ts';

const MAX_DEPTH = 16;
const MAX_VALUES = 2000;

/** The texts, numbers and booleans in a value, one a line, at most so many characters. Never throws. */
export function textIn(value: unknown, maxChars: number): string {
  const parts: string[] = [];
  let chars = 0;
  let values = 0;
  const visit = (each: unknown, depth: number): void => {
    values += 1;
    if (chars >= maxChars || values > MAX_VALUES || depth > MAX_DEPTH) return;
    if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') {
      const part = String(each).slice(0, maxChars - chars);
      parts.push(part);
      chars += part.length + 1;
      return;
    }
    for (const inner of membersOf(each)) visit(inner, depth + 1);
  };
  visit(value, 0);
  return parts.join('\n');
}

/**
 * Whether there is nothing in a value: `undefined`, `null`, blank text, or a list, map or plain object
 * with nothing but such values. A number, a boolean, a stream or an object of a class is something.
 */
export function isEmpty(value: unknown): boolean {
  let values = 0;
  const empty = (each: unknown, depth: number): boolean => {
    values += 1;
    if (values > MAX_VALUES || depth > MAX_DEPTH) return false;
    if (each === undefined || each === null) return true;
    if (typeof each === 'string') return each.trim() === '';
    if (typeof each !== 'object' || !isPlain(each)) return false;
    return membersOf(each).every((inner) => empty(inner, depth + 1));
  };
  return empty(value, 0);
}

function membersOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  try {
    if (Array.isArray(value)) return value.slice(0, MAX_VALUES);
    if (value instanceof Map || value instanceof Set) return [...value.values()];
    if (ArrayBuffer.isView(value)) return [];
    return Object.keys(value)
      .slice(0, MAX_VALUES)
      .map((key) => readProperty(value, key));
  } catch {
    return [];
  }
}

function isPlain(value: object): boolean {
  try {
    if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) return false;
    return !(Symbol.asyncIterator in value) && !(Symbol.iterator in value);
  } catch {
    return false;
  }
}
