// What stands in the queue: the rows of a request, already in the bytes that are inserted, and rows
// that ClickHouse refused.
import { LAYOUTS } from '../rows/columns.ts';
import { RowBinaryWriter } from '../rows/row-binary.ts';
import { type Rows, TABLES, type Table } from '../rows/rows.ts';

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

interface EntryHead {
  at: number;
  /** Table, rows, layout, bytes: in the order in which the bytes follow. */
  tables: [Table, number, string, number][];
}

/** An entry as it stands in the log: the length of its head, the head, the rows. */
export function encodeEntry({ at, tables }: Entry): Buffer[] {
  const parts = Object.entries(tables) as [Table, TableRows][];
  const head: EntryHead = {
    at,
    tables: parts.map(([table, { rows, layout, bytes }]) => [table, rows, layout, bytes.length]),
  };
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return [length, text, ...parts.map(([, { bytes }]) => bytes)];
}

/** The rows are not copied. */
export function decodeEntry(payload: Buffer): Entry {
  let at = 4 + payload.readUInt32LE(0);
  const head = JSON.parse(payload.toString('utf8', 4, at)) as EntryHead;
  const tables: Entry['tables'] = {};
  for (const [table, rows, layout, length] of head.tables) {
    tables[table] = { rows, layout, bytes: payload.subarray(at, at + length) };
    at += length;
  }
  return { at: head.at, tables };
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

/** Writes rows into entries: each table's rows in their order, tables in the order of {@link TABLES}. */
export class EntryWriter {
  private readonly at: number;
  private readonly tables = new Map<Table, { rows: number; writer: RowBinaryWriter }>();
  private readonly entries: Entry[] = [];
  private bytes = 0;

  /** @param at milliseconds since 1970 */
  constructor(at: number) {
    this.at = at;
  }

  /** @throws RowError when a value does not fit its column */
  add(rows: Partial<Rows>): void {
    for (const table of TABLES) {
      for (const row of rows[table] ?? []) {
        this.write(table, row);
        if (this.bytes >= MAX_ENTRY_BYTES) this.endEntry();
      }
    }
  }

  /** All entries; nothing can be added any more. */
  end(): Entry[] {
    this.endEntry();
    for (const { writer } of this.tables.values()) spareWriters.push(writer);
    this.tables.clear();
    return this.entries;
  }

  private write(table: Table, row: object): void {
    let found = this.tables.get(table);
    if (found === undefined) {
      found = { rows: 0, writer: spareWriters.pop() ?? new RowBinaryWriter() };
      found.writer.clear();
      this.tables.set(table, found);
    }
    const before = found.writer.bytes;
    found.writer.write(row, LAYOUTS[table]);
    found.rows++;
    this.bytes += found.writer.bytes - before;
  }

  private endEntry(): void {
    if (this.bytes === 0) return;
    const tables: Entry['tables'] = {};
    for (const table of TABLES) {
      const found = this.tables.get(table);
      if (found === undefined || found.rows === 0) continue;
      const { rows, writer } = found;
      tables[table] = { rows, layout: LAYOUTS[table].id, bytes: writer.take() };
      found.rows = 0;
    }
    this.entries.push({ at: this.at, tables });
    this.bytes = 0;
  }
}

/** Writers have large buffers; those of requests that have ended are used again. */
const spareWriters: RowBinaryWriter[] = [];

/**
 * The rows as entries.
 * @throws RowError when a value does not fit its column
 */
export function toEntries(rows: Partial<Rows>, at: number): Entry[] {
  const writer = new EntryWriter(at);
  writer.add(rows);
  return writer.end();
}

/** Bytes of an entry's rows. */
export function entryBytes(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.tables[table]?.bytes.length ?? 0), 0);
}

/** Rows of an entry. */
export function entryRows(entry: Entry): number {
  return TABLES.reduce((sum, table) => sum + (entry.tables[table]?.rows ?? 0), 0);
}
