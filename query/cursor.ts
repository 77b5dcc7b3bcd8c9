// Keyset cursors: the place after the last item of a page, opaque to whoever hands it back.
import { z } from 'zod';
import { InvalidInputError } from './errors.ts';

/** The sort key of the last item that was shown. */
export interface Place {
  timestamp: string;
  id: string;
}

const place = z.tuple([z.string().regex(/^[\d-]{10} [\d:.]+$/), z.string().min(1)]);

/** ClickHouse's form of an instant. */
export const storedForm = (instant: string): string => instant.replace('T', ' ').replace('Z', '');

export function encodeCursor({ timestamp, id }: Place): string {
  return Buffer.from(JSON.stringify([storedForm(timestamp), id])).toString('base64url');
}

/** @throws {InvalidInputError} when the text is not a cursor that this version gave out */
export function decodeCursor(cursor: string): Place {
  try {
    const [timestamp, id] = place.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')),
    );
    return { timestamp, id };
  } catch {
    throw new InvalidInputError('cursor', 'expected the next_cursor of an earlier answer');
  }
}
