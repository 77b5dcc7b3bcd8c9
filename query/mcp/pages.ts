// Lists and long texts in parts that a context window can bear, with the way to the next part.

import type { Page } from '../base/fields.ts';
import { quoteData } from '../base/quote.ts';
import { fitting } from './data.ts';
import type { NextStep } from './tool.ts';

/** The most bytes that the items of one answer take as JSON: about 4,000 tokens. */
export const ANSWER_BYTES = 12_000;

/**
 * A page whose items fit into one answer. When those that were asked for do not, it is asked for
 * again with as many as fit, so that the cursor goes on where the answer ends.
 *
 * @param short what is shown of an item
 */
export async function boundedPage<T, S>(
  ask: (limit: number) => Promise<Page<T>>,
  limit: number,
  short: (item: T) => S,
): Promise<Page<S>> {
  const page = await ask(limit);
  const items = page.items.map(short);
  const fit = fitting(items, ANSWER_BYTES);
  if (fit.length === items.length) return { items, next_cursor: page.next_cursor };
  const shorter = await ask(Math.max(1, fit.length));
  return { items: shorter.items.map(short), next_cursor: shorter.next_cursor };
}

/** The step to the next page, if there is one. */
export function nextPage(tool: string, input: object, next_cursor: string | null): NextStep[] {
  if (next_cursor === null) return [];
  const args = Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as NextStep['arguments'];
  return [{ tool, arguments: { ...args, cursor: next_cursor }, why: 'shows more' }];
}

/** A part of a long text: where it starts, and where the next part does. */
export interface TextPart {
  part: string;
  total_chars: number;
  next_offset: number | null;
}

export function partOf(text: string, offset: number, limit: number): TextPart {
  const part = text.slice(offset, offset + limit);
  const end = offset + part.length;
  return { part, total_chars: text.length, next_offset: end < text.length ? end : null };
}

/** The same for Markdown that is safe by the line: no line is cut. */
export function linesOf(text: string, offset: number, limit: number): TextPart {
  const whole = partOf(text, offset, limit);
  const lastLine = whole.part.lastIndexOf('\n') + 1;
  return whole.next_offset === null || lastLine === 0
    ? whole
    : { ...whole, part: whole.part.slice(0, lastLine), next_offset: offset + lastLine };
}

/** A long text as data, nothing of it left out. */
export const quoteAll = (text: string): string => quoteData(text, text.length + 1);
