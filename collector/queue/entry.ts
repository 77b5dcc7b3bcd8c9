// What stands in the queue: the rows of a request, already as the text that is inserted, and rows
// that ClickHouse refused.
import { type Rows, TABLES, type Table } from '../rows.ts';

/** Lines of JSONEachRow for one table, each ended by '\n'. */
export interface TableLines {
  rows: number;
  text: Buffer;
}

/** One entry: the rows of a request, or a part of them when the request is large. */
export interface Entry {
  /** When it was accepted, in milliseconds since 1970. */
  at: number;
  lines: Partial<Record<Table, TableLines>>;
}

/** Names a dead letter: where its batch began, its table, its place in the batch. */
export type DeadLetterId = string;

/** A row that ClickHouse refused. */
export interface DeadLetter {
  table: Table;
  /** The row as JSON. */
  row: string;
  /** Why ClickHouse refused it. */
  reason: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** Bytes from which a request's rows become several entries, so that batches stay small. */
const MAX_ENTRY_BYTES = 1024 * 1024;

/** The rows as entries: each table's rows in their order, tables in the order of {@link TABLES}. */
export function toEntries(rows: Rows, at: number): Entry[] {
  const entries: Entry[] = [];
  let lines: Entry['lines'] = {};
  let room = MAX_ENTRY_BYTES;
  for (const table of TABLES) {
    let texts: string[] = [];
    const endTable = (): void => {
      if (texts.length === 0) return;
      lines[table] = { rows: texts.length, text: Buffer.from(texts.join('')) };
      texts = [];
    };
    for (const row of rows[table]) {
      const text = `${JSON.stringify(row)}\n`;
      texts.push(text);
      room -= text.length;
      if (room > 0) continue;
      endTable();
      entries.push({ at, lines });
      lines = {};
      room = MAX_ENTRY_BYTES;
    }
    endTable();
  }
  if (Object.keys(lines).length > 0) entries.push({ at, lines });
  return entries;
}

/** Bytes of an entry's rows. */
export function entryBytes(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.lines[table]?.text.length ?? 0), 0);
}

/** Rows of an entry. */
export function entryRows(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.lines[table]?.rows ?? 0), 0);
}
