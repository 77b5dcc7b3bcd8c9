// Digest of an input for which the executor gave none: equal inputs have equal digests.
import { hash } from 'node:crypto';
import type { FieldRedactor } from './field-redactor.ts';

/** Characters of an input that is put into canonical form; a longer one is digested as it is written. */
const MOST_PARSED = 256 * 1024;
/** Characters that are digested at all. */
const MOST = 4 * 1024 * 1024;

/** SHA-256 (64 hex digits) of the redacted canonical input; '' for none. */
export function inputDigest(key: string, input: string, redactor: FieldRedactor): string {
  if (input === '') return '';
  return hash('sha256', redactor.clean(key, canonical(input.slice(0, MOST)), MOST));
}

function canonical(text: string): string {
  if (text.length > MOST_PARSED || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
