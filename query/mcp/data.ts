// Text from outside in structured output: capped, and with nothing in it that hides or ends itself.
import { jsonEscape } from '../base/text.ts';
import type { Effect } from '../questions/ledger/schemas.ts';

// The JSON around a value is its fence; markup of prompts and characters that cannot be seen are not
// left to what the reader makes of them.
const unsafe = /[<>\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]/gu;
const kept = new Set(['\n', '\t']);

/** The text with every character escaped that is invisible or could be markup. */
export function harmless(text: string): string {
  return text.replace(unsafe, (character) =>
    kept.has(character) ? character : jsonEscape(character),
  );
}

/** A value as JSON in a Markdown code span, which nothing inside can end; it is still JSON. */
export function quoteJson(value: unknown): string {
  return `\`${harmless(JSON.stringify(value)).replaceAll('`', '\\u0060')}\``;
}

/** The value with all its texts and keys made harmless. */
export function harmlessData(value: unknown): unknown {
  if (typeof value === 'string') return harmless(value);
  if (Array.isArray(value)) return value.map(harmlessData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [harmless(key), harmlessData(item)]),
  );
}

/** The start of a text; what is cut ends in `…`. */
export function excerpt(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = text.slice(0, limit);
  // Half of a surrogate pair is no text.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** The first items that fit into so many bytes of JSON. */
export function fitting<T>(items: T[], bytes: number): T[] {
  let left = bytes;
  const end = items.findIndex((item) => {
    left -= Buffer.byteLength(JSON.stringify(harmlessData(item))) + 1;
    return left < 0;
  });
  return end === -1 ? items : items.slice(0, end);
}

/** An effect in few words. */
export const shortEffect = ({ fingerprint, verdict, before, after, ...effect }: Effect) => ({
  fingerprint,
  verdict,
  failed_runs_before: `${before.failed_runs}/${before.runs}`,
  failed_runs_after: `${after.failed_runs}/${after.runs}`,
  rate_ratio: effect.rate_ratio,
  interval: effect.interval,
});
