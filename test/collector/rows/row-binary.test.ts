// Rows to RowBinary and back; that ClickHouse reads the same is in storage.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Column, type ColumnType, LAYOUTS } from '../../../collector/rows/columns.ts';
import { RowBinaryWriter, RowError } from '../../../collector/rows/row-binary.ts';
import { readRows } from '../../../collector/rows/row-binary-reader.ts';
import { TABLES } from '../../../collector/rows/rows.ts';
import { rowsOf } from '../../support/sample-rows.ts';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 30 }));
const uuid = fc.uuid();
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const nanos = fc.integer({ min: 0, max: 999_999_999 });
const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
const time = fc.tuple(seconds, nanos).map(([second, nano]) => {
  const date = new Date(second * 1000).toISOString();
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${String(nano).padStart(9, '0')}`;
});

const VALUES: Record<ColumnType, fc.Arbitrary<unknown>> = {
  String: text,
  'DateTime64(9)': time,
  UUID: uuid,
  Bool: fc.boolean(),
  UInt8: fc.integer({ min: 0, max: 255 }),
  UInt32: uint32,
  UInt64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  'Array(String)': fc.array(text),
  'Array(UUID)': fc.array(uuid),
  'Map(String, String)': fc.dictionary(text, text),
  'Map(String, UInt32)': fc.dictionary(text, uint32),
};
const TYPES = Object.keys(VALUES) as ColumnType[];
const layout = { columns: TYPES.map((type): Column => [type, type]) };
const row = fc.record(VALUES as Record<string, fc.Arbitrary<unknown>>);

test('any rows are read as they were written', () => {
  const writer = new RowBinaryWriter();
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
      for (const one of rows) writer.write(one, layout);
      const bytes = writer.take();
      const read = [...readRows(bytes, layout.columns)];
      expect(read.map((one) => one.row)).toEqual(rows);
      expect(Buffer.concat(read.map((one) => one.bytes))).toEqual(bytes);
    }),
  );
});

test('text without UTF-8 becomes U+FFFD', () => {
  const writer = new RowBinaryWriter();
  const columns: Column[] = [['text', 'String']];
  for (const broken of ['a\ud800b', `${'x'.repeat(60)}\udc00`]) {
    writer.write({ text: broken }, { columns });
    const [read] = readRows(writer.take(), columns);
    expect(read!.row.text).toBe(Buffer.from(broken).toString());
  }
});

test('what a row does not have has the default of its type', () => {
  const writer = new RowBinaryWriter();
  writer.write({}, layout);
  const [read] = readRows(writer.take(), layout.columns);
  expect(read!.row).toMatchObject({ String: '', UInt32: 0, Bool: false, 'Array(UUID)': [] });
});

describe('a value that its column cannot hold', () => {
  test.each([
    ['UInt32', 2 ** 32],
    ['UInt32', -1],
    ['UInt32', 1.5],
    ['UInt8', 256],
    ['UInt64', '18446744073709551616'],
    ['UInt64', '-1'],
    ['UUID', 'abc'],
    ['UUID', 'g'.repeat(32)],
    ['DateTime64(9)', 'yesterday'],
    ['DateTime64(9)', '2026-01-02 03:04:05'],
    ['DateTime64(9)', '2026-13-02 03:04:05.000000000'],
  ] as [ColumnType, unknown][])(
    '%s %s is an error that names it and leaves nothing',
    (type, value) => {
      const writer = new RowBinaryWriter();
      const columns: Column[] = [
        ['before', 'String'],
        ['wrong', type],
      ];
      expect(() => writer.write({ before: 'x', wrong: value }, { columns })).toThrow(
        new RowError(`wrong: not a ${type.startsWith('Date') ? 'time' : type}`),
      );
      expect(writer.bytes).toBe(0);
    },
  );
});

test('every row that is made has a place for each of its values', () => {
  const rows = rowsOf('run');
  for (const table of TABLES) {
    const { columns } = LAYOUTS[table];
    const writer = new RowBinaryWriter();
    writer.write(rows[table][0]!, LAYOUTS[table]);
    const [read] = readRows(writer.take(), columns);
    expect(read!.row, table).toEqual(rows[table][0]);
  }
});
