// Keyset cursors: the place after the last item of a page, opaque to whoever hands it back.
import { z } from 'zod';
import { InvalidInputError } from './errors.ts';

/** The sort key of the last item that was shown. */
export interface Place {
  timestamp: string;
  id: string;
}

const place = z.tuple([
  z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?$/),
  z.string().min(1).max(128),
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
