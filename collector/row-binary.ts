// Rows as ClickHouse's RowBinary, which it reads at two thirds of the cost of JSON
// (docs/benchmarks.md), and back again for those that it refused.
import type { Column, ColumnType, Layout } from './columns.ts';
import { formatTime } from './materialize/time.ts';

/** A value that its column cannot hold; the message names the column. */
export class RowError extends Error {
  override name = 'RowError';
}

type Row = { readonly [column: string]: unknown };

/** What a column holds that a row does not tell, such as a dead letter of an older version. */
const DEFAULTS: Readonly<Record<ColumnType, unknown>> = {
  String: '',
  'DateTime64(9)': '1970-01-01 00:00:00.000000000',
  UUID: '00000000-0000-0000-0000-000000000000',
  Bool: false,
  UInt8: 0,
  UInt32: 0,
  UInt64: '0',
  'Array(String)': [],
  'Array(UUID)': [],
  'Map(String, String)': {},
  'Map(String, UInt32)': {},
};

/** UTF-16 units up to which a loop is faster than a call out of JavaScript. */
const SHORT_TEXT = 40;
const MAX_UINT8 = 2 ** 8 - 1;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Collects rows in one buffer that is used again. */
export class RowBinaryWriter {
  private buffer = Buffer.allocUnsafeSlow(256 * 1024);
  private end = 0;
  private second = '';
  private secondNs = 0n;

  /** Bytes since the last {@link take}. */
  get bytes(): number {
    return this.end;
  }

  /**
   * Appends a row; when it throws, nothing of it stays.
   * @throws RowError when a value does not fit its column
   */
  write(row: object, { columns }: Layout): void {
    const values = row as Row;
    const start = this.end;
    let i = 0;
    try {
      for (; i < columns.length; i++) {
        const [name, type] = columns[i]!;
        this.value(values[name] ?? DEFAULTS[type], type);
      }
    } catch (error) {
      this.end = start;
      throw new RowError(`${columns[i]![0]}: ${(error as Error).message}`);
    }
  }

  /** Forgets what was written. */
  clear(): void {
    this.end = 0;
  }

  /** What was written, as a buffer of its own; begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.end));
    this.end = 0;
    return taken;
  }

  private value(value: unknown, type: ColumnType): void {
    switch (type) {
      case 'String':
        this.text(value as string);
        break;
      case 'DateTime64(9)':
        this.time(value as string);
        break;
      case 'UUID':
        this.uuid(value as string);
        break;
      case 'Bool':
        this.uint8(value ? 1 : 0);
        break;
      case 'UInt8':
        this.uint8(value as number);
        break;
      case 'UInt32':
        this.uint32(value as number);
        break;
      case 'UInt64':
        this.uint64(value as string);
        break;
      case 'Array(String)':
        this.list(value as string[], (item) => this.text(item));
        break;
      case 'Array(UUID)':
        this.list(value as string[], (item) => this.uuid(item));
        break;
      case 'Map(String, String)':
        this.map(value as Record<string, string>, (item) => this.text(item));
        break;
      case 'Map(String, UInt32)':
        this.map(value as Record<string, number>, (item) => this.uint32(item));
        break;
    }
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.end + bytes));
    this.buffer.copy(grown, 0, 0, this.end);
    this.buffer = grown;
  }

  private varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.end++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.end++] = rest;
  }

  private text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT) {
      this.reserve(1 + 3 * SHORT_TEXT);
      const { buffer } = this;
      const start = this.end + 1;
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        buffer[start + i] = unit;
      }
      // Three bytes a unit at the most, so the length fits one byte.
      const bytes = i === length ? length : buffer.write(text, start, 'utf8');
      buffer[this.end] = bytes;
      this.end = start + bytes;
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.reserve(bytes);
    this.buffer.write(text, this.end, 'utf8');
    this.end += bytes;
  }

  /** 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn'; rows of one request fall into few seconds. */
  private time(text: string): void {
    const second = text.slice(0, 19);
    if (second !== this.second) {
      const ms = Date.parse(`${second.replace(' ', 'T')}Z`);
      if (!Number.isInteger(ms)) throw new RangeError('not a time');
      this.secondNs = BigInt(ms) * 1_000_000n;
      this.second = second;
    }
    const fraction = text.slice(20);
    if (!/^\d{9}$/.test(fraction)) throw new RangeError('not a time');
    this.reserve(8);
    this.end = this.buffer.writeBigInt64LE(this.secondNs + BigInt(Number(fraction)), this.end);
  }

  /** Two little-endian halves, the first digits in the first half. */
  private uuid(text: string): void {
    const digits = text.replaceAll('-', '');
    this.reserve(16);
    const { buffer, end } = this;
    if (digits.length !== 32 || buffer.write(digits, end, 'hex') !== 16) {
      throw new RangeError('not a UUID');
    }
    buffer.subarray(end, end + 8).reverse();
    buffer.subarray(end + 8, end + 16).reverse();
    this.end = end + 16;
  }

  private uint8(value: number): void {
    if (!isUint(value, MAX_UINT8)) throw new RangeError('not a UInt8');
    this.reserve(1);
    this.buffer[this.end++] = value;
  }

  private uint32(value: number): void {
    if (!isUint(value, MAX_UINT32)) throw new RangeError('not a UInt32');
    this.reserve(4);
    this.end = this.buffer.writeUInt32LE(value, this.end);
  }

  private uint64(text: string): void {
    const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
    if (value < 0n || value > MAX_UINT64) throw new RangeError('not a UInt64');
    this.reserve(8);
    this.end = this.buffer.writeBigUInt64LE(value, this.end);
  }

  private list<T>(items: readonly T[], write: (item: T) => void): void {
    this.varint(items.length);
    for (const item of items) write(item);
  }

  private map<T>(entries: Readonly<Record<string, T>>, write: (item: T) => void): void {
    const keys = Object.keys(entries);
    this.varint(keys.length);
    for (const key of keys) {
      this.text(key);
      write(entries[key]!);
    }
  }
}

function isUint(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

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
