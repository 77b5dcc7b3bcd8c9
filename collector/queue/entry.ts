// What stands in the queue: the rows of a request, already in the bytes that are inserted, and rows
// that ClickHouse refused.
import { LAYOUTS } from '../columns.ts';
import { RowBinaryWriter } from '../row-binary.ts';
import { type Rows, TABLES, type Table } from '../rows.ts';

/** RowBinary of rows of one table. */
export interface TableRows {
  rows: number;
  /** Id of the layout that they were written with. */
  layout: string;
  bytes: Buffer;
}

/** One entry: the rows of a request, or a part of them when the request is large. */
export interface Entry {
  /** When it was accepted, in milliseconds since 1970. */
  at: number;
  tables: Partial<Record<Table, TableRows>>;
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

const writer = new RowBinaryWriter();

/**
 * The rows as entries: each table's rows in their order, tables in the order of {@link TABLES}.
 * @throws RowError when a value does not fit its column
 */
export function toEntries(rows: Partial<Rows>, at: number): Entry[] {
  writer.clear();
  const entries: Entry[] = [];
  let tables: Entry['tables'] = {};
  let room = MAX_ENTRY_BYTES;
  for (const table of TABLES) {
    const layout = LAYOUTS[table];
    let count = 0;
    const endTable = (): void => {
      if (count === 0) return;
      room -= writer.bytes;
      tables[table] = { rows: count, layout: layout.id, bytes: writer.take() };
      count = 0;
    };
    for (const row of rows[table] ?? []) {
      writer.write(row, layout);
      count++;
      if (writer.bytes < room) continue;
      endTable();
      entries.push({ at, tables });
      tables = {};
      room = MAX_ENTRY_BYTES;
    }
    endTable();
  }
  if (Object.keys(tables).length > 0) entries.push({ at, tables });
  return entries;
}

/** Bytes of an entry's rows. */
export function entryBytes(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.tables[table]?.bytes.length ?? 0), 0);
}

/** Rows of an entry. */
export function entryRows(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.tables[table]?.rows ?? 0), 0);
}
