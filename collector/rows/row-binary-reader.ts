// Rows out of RowBinary, for those that ClickHouse refused.
import type { Column, ColumnType } from './columns.ts';
import { formatTime } from './time.ts';

/** A row and the bytes that it was read from. */
export interface ReadRow {
  row: Record<string, unknown>;
  bytes: Buffer;
}

/** The rows that a {@link RowBinaryWriter} wrote with these columns. */
export function* readRows(
  bytes: Buffer,
  columns: readonly Column[],
): Generator<ReadRow, undefined> {
  const reader = new RowBinaryReader(bytes);
  while (reader.position < bytes.length) {
    const start = reader.position;
    const row = Object.fromEntries(columns.map(([name, type]) => [name, reader.value(type)]));
    yield { row, bytes: bytes.subarray(start, reader.position) };
  }
}

class RowBinaryReader {
  position = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  value(type: ColumnType): unknown {
    switch (type) {
      case 'String':
        return this.text();
      case 'DateTime64(9)':
        return formatTime(this.bytes.readBigInt64LE(this.skip(8)));
      case 'UUID':
        return this.uuid();
      case 'Bool':
        return this.bytes.readUInt8(this.skip(1)) === 1;
      case 'UInt8':
        return this.bytes.readUInt8(this.skip(1));
      case 'UInt32':
        return this.bytes.readUInt32LE(this.skip(4));
      case 'UInt64':
        return String(this.bytes.readBigUInt64LE(this.skip(8)));
      case 'Array(String)':
        return this.items(() => this.text());
      case 'Array(UUID)':
        return this.items(() => this.uuid());
      case 'Map(String, String)':
        return Object.fromEntries(this.items(() => [this.text(), this.text()]));
      case 'Map(String, UInt32)':
        return Object.fromEntries(this.items(() => [this.text(), this.value('UInt32')]));
    }
  }

  /** Steps over bytes and returns where they began. */
  private skip(bytes: number): number {
    const start = this.position;
    this.position += bytes;
    return start;
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes.readUInt8(this.skip(1));
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  private text(): string {
    const length = this.varint();
    const start = this.skip(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  private uuid(): string {
    const start = this.skip(16);
    const half = (from: number) => this.bytes.readBigUInt64LE(from).toString(16).padStart(16, '0');
    const digits = half(start) + half(start + 8);
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  private items<T>(read: () => T): T[] {
    return Array.from({ length: this.varint() }, read);
  }
}
