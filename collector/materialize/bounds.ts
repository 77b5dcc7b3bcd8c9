// How much of what a span says is stored. Span text is hostile: every column has a bound.
import type { Value } from '../decode/span.ts';

/** Most bytes of UTF-8 of an id, name or type without a bound of its own. */
export const MAX_NAME_BYTES = 1024;
/** Most bytes of UTF-8 of one value in the `attributes` columns. */
export const MAX_ATTRIBUTE_BYTES = 4096;
/** Most bytes of UTF-8 of one key in the `attributes` columns. */
export const MAX_KEY_BYTES = 256;
/** Most entries of the `attributes` columns. */
export const MAX_STORED_ATTRIBUTES = 64;

/** Cuts text to at most `maxBytes` bytes of UTF-8 without splitting a character. */
export function cut(text: string, maxBytes: number): string {
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  if (text.length * 3 <= maxBytes) return text;
  const candidate = text.length > maxBytes ? text.slice(0, maxBytes) : text;
  const bytes = Buffer.from(candidate);
  if (bytes.length <= maxBytes) return candidate;
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** A value as text: strings as they are, arrays and maps as JSON, null as ''. */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? String(item) : item));
}
