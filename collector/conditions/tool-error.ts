// The result of a tool that says in words or in a field that the tool failed.
import { parsed } from './output.ts';

const MAX_MESSAGE = 500;
const MAX_DEPTH = 5;
const MAX_ITEMS = 16;
/** How a text begins that reports an error. */
const ERROR_TEXT =
  /^["'\s]*(?:[A-Z]\w{0,60}(?:Error|Exception)\s*[:(]|error(?: (?:executing|invoking|calling|running|while|during|in|from|fetching|reading|processing|parsing|code|\d{3})\b[^.\n]{0,80})?\s*:|traceback \(most recent call last\)|an? (?:unexpected |unknown |internal )?error (?:has )?occurred|tool (?:call |execution )?(?:[\w.'-]{1,60} )?(?:failed|errored)\b)/i;

/** What a tool reports of its failure; undefined when it reports none. */
export function toolError(output: string): string | undefined {
  const value = parsed(output);
  const found = value === undefined ? errorText(output) : errorOf(value, 0);
  return found?.slice(0, MAX_MESSAGE);
}

function errorText(text: string): string | undefined {
  return ERROR_TEXT.test(text.slice(0, 200)) ? text.trim() : undefined;
}

function errorOf(value: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  // JSON inside of JSON is a text that the tool returned.
  if (typeof value === 'string') return errorOf(parsed(value), depth + 1) ?? errorText(value);
  if (Array.isArray(value)) return first(value, depth);
  if (typeof value !== 'object' || value === null) return undefined;
  const result = value as Record<string, unknown>;
  const hasFailed =
    [result.isError, result.is_error].includes(true) ||
    String(result.status).toLowerCase() === 'error' ||
    [result.success, result.ok].includes(false) ||
    saysError(result);
  if (hasFailed) return messageOf(result) ?? 'the result of the tool says that it failed';
  return first(
    WRAPPERS.map((key) => result[key]),
    depth,
  );
}

/** Where a result stands inside of what a framework or a protocol puts around it. */
const WRAPPERS = ['output', 'data', 'content', 'result', 'text', 'toolResult', 'response'];

function first(values: readonly unknown[], depth: number): string | undefined {
  for (const value of values.slice(0, MAX_ITEMS)) {
    const found = errorOf(value, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** There is an error and nothing besides it that would be a result. */
function saysError({ error, result, data, output }: Record<string, unknown>): boolean {
  const isError =
    (typeof error === 'string' && error.trim() !== '') ||
    (typeof error === 'object' && error !== null && Object.keys(error).length > 0) ||
    error === true;
  return isError && [result, data, output].every((value) => value === undefined || value === null);
}

const MESSAGES = [
  'error',
  'message',
  'error_message',
  'detail',
  'content',
  'text',
  'reason',
  'data',
];

function messageOf(result: Record<string, unknown>): string | undefined {
  for (const key of MESSAGES) {
    const text = textIn(result[key], 0);
    if (text !== undefined) return text;
  }
  return undefined;
}

function textIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (typeof value !== 'object' || value === null || depth > 2) return undefined;
  if (Array.isArray(value)) {
    const texts = value.slice(0, MAX_ITEMS).map((item) => textIn(item, depth + 1));
    return texts.find((text) => text !== undefined);
  }
  const { message, text, content } = value as Record<string, unknown>;
  return [message, text, content].map((item) => textIn(item, depth + 1)).find(Boolean);
}
