// Keyset cursors: the place after the last item of a page, opaque to the client that sends it back.
import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import { MAX_NAME, type Page } from './fields.ts';

/** The sort key of the last item that was shown. */
export interface Place {
  timestamp: string;
  id: string;
}

const place = z.tuple([
  z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?$/),
  // A list may put a sign before its ids.
  z
    .string()
    .min(1)
    .max(MAX_NAME + 1),
]);

/** ClickHouse's form of an instant. */
export const storedForm = (instant: string): string => instant.replace('T', ' ').replace('Z', '');

export function encodeCursor({ timestamp, id }: Place): string {
  return Buffer.from(JSON.stringify([storedForm(timestamp), id])).toString('base64url');
}

/**
 * @param isId whether an id can be one of the list's
 * @throws {InvalidInputError} when the text is not a cursor that this version gave out for the list
 */
export function decodeCursor(cursor: string, isId: (id: string) => boolean): Place {
  try {
    const [timestamp, id] = place.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')),
    );
    if (!isId(id) || Number.isNaN(Date.parse(`${timestamp}Z`))) throw new Error('no place');
    return { timestamp, id };
  } catch {
    throw new InvalidInputError('cursor', 'expected the next_cursor of an earlier answer');
  }
}

/** Before and after all instants that are stored, in the stored form. */
export const BEGINNING = '1970-01-01 00:00:00';
export const END = '2262-01-01 00:00:00';
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** When a list goes back to, in the stored form. */
export const sinceOf = (since: string | undefined): string =>
  since ? storedForm(since) : BEGINNING;

/**
 * Where a page begins and how far the list goes back, as the SQL files name them.
 *
 * @param isId whether an id can be one of the list's
 * @throws {InvalidInputError} when the cursor is none of the list's
 */
export function keyset(
  {
    cursor,
    since,
    limit,
  }: { cursor?: string | undefined; since?: string | undefined; limit: number },
  isId: (id: string) => boolean,
) {
  const before = cursor ? decodeCursor(cursor, isId) : { timestamp: END, id: LAST_UUID };
  return {
    since: sinceOf(since),
    before_timestamp: before.timestamp,
    before_id: before.id,
    // One more than asked for shows whether there is a next page.
    limit: limit + 1,
  };
}

/** @param rows one more than `limit` where there is a next page */
export function pageFrom<T>(rows: T[], limit: number, placeOf: (row: T) => Place): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last ? encodeCursor(placeOf(last)) : null };
}
