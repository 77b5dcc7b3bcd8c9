// Keyset pages of a list that is put together in memory.
import { createHash } from 'node:crypto';
import { decodeCursor, encodeCursor, type Place, storedForm } from './cursor.ts';
import type { Page } from './fields.ts';

/** What identifies an item of a list. */
export interface Placed {
  timestamp: string;
  /** What it is beside its time, as parts of any length. */
  id: readonly string[];
}

/**
 * One page, the newest first.
 *
 * @throws {InvalidInputError} when `cursor` was not given out
 */
export function memoryPage<T>(
  items: readonly T[],
  place: (item: T) => Placed,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Page<T> {
  const before = cursor ? decodeCursor(cursor, isId) : undefined;
  const sorted = items
    .map((item): [Place, T] => {
      const { timestamp, id } = place(item);
      return [{ timestamp: storedForm(timestamp), id: digestOf(id) }, item];
    })
    .filter(([at]) => !before || isBehind(at, before))
    .sort(([one], [other]) => (isBehind(one, other) ? 1 : -1));
  const shown = sorted.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(([, item]) => item),
    next_cursor: last && sorted.length > limit ? encodeCursor(last[0]) : null,
  };
}

const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

const digestOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

const isBehind = (one: Place, other: Place): boolean =>
  one.timestamp === other.timestamp ? one.id > other.id : one.timestamp < other.timestamp;
