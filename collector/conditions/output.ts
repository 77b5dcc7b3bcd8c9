// Looks at what parts and calls returned, as their spans hold it.

/** Characters of an output that are looked at. */
const MOST = 256 * 1024;
const MOST_PARSED = 64 * 1024;
const MAX_DEPTH = 8;

/** The value of a JSON text; undefined for all else, and for what is too long. */
export function parsed(text: string): unknown {
  if (text.length > MOST_PARSED || !/^\s*[[{"]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text with nothing in it, or the JSON of one. */
export function isBlank(output: string): boolean {
  return output.length < 100 && /^\s*(?:"\s*")?\s*$/.test(output);
}

/** The same, or lists and objects of nothing else. */
export function isNothing(output: string): boolean {
  return isBlank(output) || isEmptyValue(parsed(output), 0);
}

function isEmptyValue(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.trim() === '';
  if (typeof value !== 'object' || depth > MAX_DEPTH) return false;
  return value === null || Object.values(value).every((item) => isEmptyValue(item, depth + 1));
}

const FINISH_REASON =
  /"(?:finish_?reason|stop_?reason|done_reason)\\?"\s*:\s*\\?"(\w[\w-]{0,40})/gi;

/** Why the model stopped, where only its answer as a whole says it. */
export function finishReasonsIn(output: string): string[] {
  return Array.from(output.slice(0, MOST).matchAll(FINISH_REASON), ([, reason]) => reason!);
}
