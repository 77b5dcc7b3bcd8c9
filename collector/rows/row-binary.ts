// Rows as ClickHouse's RowBinary, which it reads at two thirds of the cost of JSON (docs/benchmarks.md).
import type { ColumnType, Layout } from './columns.ts';

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
const SHORT_TEXT = 80;
const MAX_UINT8 = 2 ** 8 - 1;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_SAFE_DIGITS = 15;
const TIME_LENGTH = 29;
const NO_TIME = 'not a time';
const DOT = 0x2e;
const HYPHEN = 0x2d;

/** The value of a hex digit by its character code; -1 for all others. */
const HEX = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);

/** A second of a time, and its nanoseconds since 1970 in two halves. */
interface Second {
  text: string;
  low: number;
  high: number;
}

/** @throws RangeError when it is none */
function readSecond(text: string): Second {
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  if (!Number.isInteger(ms)) throw new RangeError(NO_TIME);
  const ns = BigInt.asUintN(64, BigInt(ms) * 1_000_000n);
  return { text, low: Number(ns & 0xffff_ffffn), high: Number(ns >> 32n) };
}

/** Collects rows in one buffer that is used again. */
export class RowBinaryWriter {
  private buffer = Buffer.allocUnsafeSlow(256 * 1024);
  private end = 0;
  private second = readSecond('1970-01-01 00:00:00');
  private otherSecond = this.second;
  /** The map that each column had last, and where it stands in the buffer. */
  private lastMaps: ({ entries: object; start: number; end: number } | undefined)[] = [];

  /** Bytes since the last {@link take}. */
  get bytes(): number {
    return this.end;
  }

  /**
   * Appends a row; when it throws, nothing of it stays.
   * @throws RowError when a value does not fit its column
   */
  write(row: object, { columns }: Pick<Layout, 'columns'>): void {
    const values = row as Row;
    const start = this.end;
    let i = 0;
    try {
      for (; i < columns.length; i++) {
        const [name, type] = columns[i]!;
        this.value(values[name] ?? DEFAULTS[type], type, i);
      }
    } catch (error) {
      this.end = start;
      this.lastMaps = [];
      throw new RowError(`${columns[i]![0]}: ${(error as Error).message}`);
    }
  }

  /** Forgets what was written. */
  clear(): void {
    this.end = 0;
    this.lastMaps = [];
  }

  /** What was written, as a buffer of its own; starts again. */
  take(): Buffer {
    const taken = Buffer.from(this.buffer.subarray(0, this.end));
    this.clear();
    return taken;
  }

  private value(value: unknown, type: ColumnType, column: number): void {
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
        this.map(value as Record<string, string>, (item) => this.text(item), column);
        break;
      case 'Map(String, UInt32)':
        this.map(value as Record<string, number>, (item) => this.uint32(item), column);
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
    // Three bytes a UTF-16 unit at most, before them their number.
    this.reserve(10 + 3 * length);
    const { buffer } = this;
    if (length <= SHORT_TEXT) {
      const start = this.end + 1;
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        buffer[start + i] = unit;
      }
      if (i === length) {
        buffer[this.end] = length;
        this.end = start + length;
        return;
      }
    }
    // As if it were ASCII; what turns out longer is moved behind the number that it needs.
    const guess = varintBytes(length);
    const bytes = buffer.write(text, this.end + guess, 'utf8');
    const needed = varintBytes(bytes);
    const from = this.end + guess;
    if (needed !== guess) buffer.copyWithin(this.end + needed, from, from + bytes);
    this.varint(bytes);
    this.end += bytes;
  }

  /** 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn'; rows of one request fall into few seconds. */
  private time(text: string): void {
    if (text.length !== TIME_LENGTH || text.charCodeAt(19) !== DOT) throw new RangeError(NO_TIME);
    if (!text.startsWith(this.second.text)) {
      // Times of the span and of its arrival take turns.
      [this.second, this.otherSecond] = [this.otherSecond, this.second];
      if (!text.startsWith(this.second.text)) this.second = readSecond(text.slice(0, 19));
    }
    const fraction = digits(text, 20, TIME_LENGTH);
    if (fraction < 0) throw new RangeError(NO_TIME);
    this.reserve(8);
    const low = this.second.low + fraction;
    const high = this.second.high + (low >= 2 ** 32 ? 1 : 0);
    this.buffer.writeUInt32LE(low % 2 ** 32, this.end);
    this.end = this.buffer.writeUInt32LE(high % 2 ** 32, this.end + 4);
  }

  /** Two little-endian halves, the first digits in the first half. */
  private uuid(text: string): void {
    this.reserve(16);
    const { buffer, end } = this;
    let byte = 0;
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) === HYPHEN) continue;
      const value = (hexOf(text, i) << 4) | hexOf(text, ++i);
      if (!(value >= 0) || byte === 16) throw new RangeError('not a UUID');
      buffer[end + (byte < 8 ? 7 - byte : 23 - byte)] = value;
      byte++;
    }
    if (byte !== 16) throw new RangeError('not a UUID');
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
    this.reserve(8);
    const { buffer, end } = this;
    const small = text.length <= MAX_SAFE_DIGITS ? digits(text, 0, text.length) : -1;
    if (small >= 0) {
      buffer.writeUInt32LE(small % 2 ** 32, end);
      this.end = buffer.writeUInt32LE(Math.floor(small / 2 ** 32), end + 4);
      return;
    }
    const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
    if (value < 0n || value > MAX_UINT64) throw new RangeError('not a UInt64');
    this.end = buffer.writeBigUInt64LE(value, end);
  }

  private list<T>(items: readonly T[], write: (item: T) => void): void {
    this.varint(items.length);
    for (const item of items) write(item);
  }

  private map<T>(
    entries: Readonly<Record<string, T>>,
    write: (item: T) => void,
    column: number,
  ): void {
    // The rows of a resource share its attributes.
    const last = this.lastMaps[column];
    if (last?.entries === entries) {
      this.reserve(last.end - last.start);
      this.end += this.buffer.copy(this.buffer, this.end, last.start, last.end);
      return;
    }
    const start = this.end;
    const keys = Object.keys(entries);
    this.varint(keys.length);
    for (const key of keys) {
      this.text(key);
      write(entries[key]!);
    }
    this.lastMaps[column] = { entries, start, end: this.end };
  }
}

/** The number that decimal digits stand for; -1 when there are none or others among them. */
function digits(text: string, start: number, end: number): number {
  let value = start < end ? 0 : -1;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function hexOf(text: string, index: number): number {
  return HEX[text.charCodeAt(index)] ?? -1;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

function isUint(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}
