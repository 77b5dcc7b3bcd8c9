// The `attributes` columns: what has no column of its own.
import type { Value } from '../decode/span.ts';
import { MAX_ATTRIBUTE_BYTES, MAX_KEY_BYTES, MAX_STORED_ATTRIBUTES, textOf } from './bounds.ts';
import type { FieldRedactor } from './field-redactor.ts';

/** The first {@link MAX_STORED_ATTRIBUTES} entries as bounded text without secrets. */
export function storedAttributes(
  entries: Iterable<[string, Value]>,
  redactor: FieldRedactor,
): Record<string, string> {
  const stored: [string, string][] = [];
  for (const [key, value] of entries) {
    if (stored.length >= MAX_STORED_ATTRIBUTES) break;
    // A flag under a secret-like key says whether there is a secret, and no more.
    const text =
      typeof value === 'boolean'
        ? String(value)
        : redactor.value(key, textOf(value), MAX_ATTRIBUTE_BYTES);
    stored.push([redactor.id(key, key, MAX_KEY_BYTES), text]);
  }
  return Object.fromEntries(stored);
}
