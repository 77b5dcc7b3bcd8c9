// Fields that questions and answers share, as zod schemas. Keys are the column names of the tables.
import { z } from 'zod';

/** An instant in UTC, nanoseconds kept: `2026-11-22T10:15:00.123456789Z`. */
export const instant = z.string();
/** A whole number as ClickHouse writes it: those of 64 bits are strings. */
export const count = z.coerce.number().int();

/** Most characters of an id or name; the collector stores no more bytes of UTF-8. */
export const MAX_NAME = 1024;
/** An id or name of any length that is stored. */
export const storedName = z.string().min(1).max(MAX_NAME);

export { failureId, fingerprint, snapshotRef } from './ids.ts';
export const uuid = z.guid({
  error: ({ input }) => `expected a UUID, got ${JSON.stringify(String(input).slice(0, 100))}`,
});

const durationUnits = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Milliseconds since 1970; NaN for what is no time. */
function momentOf(text: string): number {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago) {
    const [, count, unit] = ago;
    return Date.now() - Number(count) * durationUnits[unit as keyof typeof durationUnits] * 1000;
  }
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}

/** A point in the past: an ISO 8601 instant, or how long ago (`30m`, `24h`, `7d`). */
export const since = z.string().transform((text, context) => {
  const at = momentOf(text);
  if (Number.isFinite(at) && at >= 0) return new Date(at).toISOString();
  context.addIssue({
    code: 'custom',
    message: `expected an ISO 8601 time or a duration such as 30m, 24h or 7d, got ${JSON.stringify(text.slice(0, 40))}`,
  });
  return z.NEVER;
});

/** Yes or no; `true` or `false` in an address. */
export const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'expected true or false',
);

/** Fields by which failures and groups are found beside their names. */
export const classAndText = {
  class: storedName.optional().describe('Only this failure class'),
  text: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Only those with this in a message or its template, in upper or lower case'),
};

/** How many items to return. In an address it is text. */
export const limit = (most: number, fallback: number) =>
  z.coerce.number<number>().int().min(1).max(most).default(fallback);

/** A cursor holds an id, each character of which may be written as six, in base64. */
const MAX_CURSOR = 10_000;

/** `next_cursor` of the page before. */
export const cursor = z.string().max(MAX_CURSOR).optional();

/** What every list can be cut by. */
export const page = (fallback = 20) => ({
  /** ISO 8601 instant, or how long ago: `30m`, `24h`, `7d`. Default: all that is kept. */
  since: since.optional(),
  /** 1 to 500. */
  limit: limit(500, fallback),
  cursor,
});

/** A page of a list; `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
/** A part of a list; `next_cursor` goes on after it, null at its end. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
