/** How many bytes a column takes in ClickHouse's Native format, by its type. */
import { ClickHouseException, ErrorCode } from './exception.ts';
import type { NativeReader } from './native-reader.ts';

export interface ColumnType {
  name: string;
  arguments: ColumnType[];
}

const FIXED: Record<string, number> = {
  Bool: 1,
  Int8: 1,
  UInt8: 1,
  Enum8: 1,
  Nothing: 1,
  Int16: 2,
  UInt16: 2,
  Enum16: 2,
  BFloat16: 2,
  Date: 2,
  Int32: 4,
  UInt32: 4,
  Float32: 4,
  Date32: 4,
  DateTime: 4,
  Time: 4,
  IPv4: 4,
  Decimal32: 4,
  Int64: 8,
  UInt64: 8,
  Float64: 8,
  DateTime64: 8,
  Time64: 8,
  Decimal64: 8,
  Int128: 16,
  UInt128: 16,
  UUID: 16,
  IPv6: 16,
  Decimal128: 16,
  Point: 16,
  Int256: 32,
  UInt256: 32,
  Decimal256: 32,
};

/** Reads e.g. `Map(LowCardinality(String), Array(UInt8))`; names of tuple elements are dropped. */
export function parseType(text: string): ColumnType {
  const trimmed = text.trim();
  const open = trimmed.indexOf('(');
  if (open < 0) return { name: trimmed, arguments: [] };
  const name = trimmed.slice(0, open);
  const inside = split(trimmed.slice(open + 1, -1));
  if (/^(?:Enum|Decimal|DateTime|Time|FixedString)/.test(name)) {
    return { name, arguments: inside.map((value) => ({ name: value.trim(), arguments: [] })) };
  }
  return { name, arguments: inside.map((element) => parseType(withoutName(element.trim()))) };
}

/** Skips what stands once before a column's data: the version of each LowCardinality in it. */
export function skipPrefix(reader: NativeReader, type: ColumnType): void {
  if (type.name === 'LowCardinality') reader.skip(8);
  else if (type.name === 'SimpleAggregateFunction') skipPrefix(reader, last(type));
  else if (FIXED[type.name] === undefined) {
    for (const inner of type.arguments) skipPrefix(reader, inner);
  }
}

/** Skips `rows` values. @throws ClickHouseException 48 for a type that is not known here. */
export function skipData(reader: NativeReader, type: ColumnType, rows: number): void {
  const { name, arguments: inner } = type;
  const fixed = name === 'Decimal' ? decimalWidth(Number(inner[0]?.name)) : FIXED[name];
  if (fixed !== undefined || name.startsWith('Interval')) {
    reader.skip((fixed ?? 8) * rows);
    return;
  }
  switch (name) {
    case 'String':
      for (let row = 0; row < rows; row += 1) reader.skip(reader.varint());
      return;
    case 'FixedString':
      reader.skip(Number(inner[0]?.name) * rows);
      return;
    case 'Nullable':
      reader.skip(rows);
      skipData(reader, last(type), rows);
      return;
    case 'SimpleAggregateFunction':
      skipData(reader, last(type), rows);
      return;
    case 'Array':
    case 'Map':
    case 'Nested': {
      const total = skipOffsets(reader, rows);
      for (const element of inner) if (total > 0) skipData(reader, element, total);
      return;
    }
    case 'Tuple':
      if (inner.length === 0) reader.skip(rows);
      for (const element of inner) skipData(reader, element, rows);
      return;
    case 'LowCardinality':
      skipLowCardinality(reader, last(type));
      return;
    default:
      throw new ClickHouseException(
        ErrorCode.NOT_IMPLEMENTED,
        `Type ${name} cannot be sent in the Native format of this client's protocol version; cast it to String.`,
      );
  }
}

function skipOffsets(reader: NativeReader, rows: number): number {
  reader.skip(8 * (rows - 1));
  return reader.uint64();
}

function skipLowCardinality(reader: NativeReader, type: ColumnType): void {
  const flags = reader.uint64();
  const hasAdditionalKeys = (flags & 0x200) !== 0;
  const dictionary = type.name === 'Nullable' ? last(type) : type;
  if (hasAdditionalKeys) skipData(reader, dictionary, reader.uint64());
  const indexWidth = 2 ** (flags & 0xff);
  reader.skip(reader.uint64() * indexWidth);
}

function decimalWidth(precision: number): number {
  return precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}

function last(type: ColumnType): ColumnType {
  return type.arguments.at(-1) ?? { name: '', arguments: [] };
}

/** Splits at commas that stand in no bracket and no quotes. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote) {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '`') quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (text.trim() !== '') parts.push(text.slice(start));
  return parts;
}

/** `a UInt8` and `` `a b` UInt8 `` name a tuple's element; a type alone has no space before its bracket. */
function withoutName(element: string): string {
  return /^(?:`(?:[^`\\]|\\.)*`|[^\s(]+)\s+(.+)$/s.exec(element)?.[1] ?? element;
}
