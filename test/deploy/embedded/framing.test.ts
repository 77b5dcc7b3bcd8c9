// chDB writes each chunk of a streamed answer as an answer of its own; clients must not notice.
import { describe, expect, it } from 'vitest';
import { running } from './running.ts';

const { server, reader } = running();

const rows = 200_000;
const many = `SELECT number AS n FROM system.numbers LIMIT ${rows}`;
const none = 'SELECT 1 AS n WHERE 0';

async function ask(sql: string, format: string): Promise<Buffer> {
  const response = await fetch(`${server().url}/?user=reader&default_format=${format}`, {
    method: 'POST',
    body: sql,
  });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(body.toString());
  return body;
}
const lines = async (sql: string, format: string) =>
  (await ask(sql, format)).toString().trimEnd().split('\n');

describe('an answer of many blocks', () => {
  it.each(['JSON', 'JSONCompact', 'JSONStrings'])('is one document in %s', async (format) => {
    const document = JSON.parse((await ask(many, format)).toString());
    expect(document.rows).toBe(rows);
    expect(document.data).toHaveLength(rows);
  });

  it.each([
    ['TSVWithNames', 1],
    ['TabSeparatedWithNamesAndTypes', 2],
    ['CSVWithNames', 1],
    ['CSVWithNamesAndTypes', 2],
    ['JSONCompactEachRowWithNames', 1],
    ['JSONCompactEachRowWithNamesAndTypes', 2],
    ['JSONCompactStringsEachRowWithNamesAndTypes', 2],
    ['JSONEachRow', 0],
    ['CSV', 0],
  ])('has the header of %s once', async (format, header) => {
    expect(await lines(many, format)).toHaveLength(rows + header);
    // Named in the statement it is the same.
    expect(await lines(`${many} FORMAT ${format}`, 'TSV')).toHaveLength(rows + header);
  });

  it('has the header of RowBinaryWithNamesAndTypes once', async () => {
    const header = Buffer.from([1, 1, ...Buffer.from('n'), 6, ...Buffer.from('UInt64')]);
    const body = await ask(many, 'RowBinaryWithNamesAndTypes');
    expect(body.length).toBe(header.length + rows * 8);
    expect(body.subarray(0, header.length)).toEqual(header);
    expect(body.readBigUInt64LE(body.length - 8)).toBe(BigInt(rows - 1));
    expect(await ask(many, 'RowBinary')).toHaveLength(rows * 8);
  });

  it('ends a Parquet file once', async () => {
    const body = await ask(many, 'Parquet');
    expect(body.subarray(0, 4).toString()).toBe('PAR1');
    expect(body.indexOf('PAR1', 4)).toBe(body.length - 4);
  });

  it('is whole for the official client', async () => {
    const client = reader();
    const result = await client.query({ query: many, format: 'JSON' });
    expect((await result.json()).data).toHaveLength(rows);
    await client.close();
  });
});

describe('an answer without rows', () => {
  it('still has its header', async () => {
    expect(await lines(none, 'TSVWithNamesAndTypes')).toEqual(['n', 'UInt8']);
    expect(await lines(none, 'JSONCompactEachRowWithNames')).toEqual(['["n"]']);
    expect(JSON.parse((await ask(none, 'JSON')).toString())).toMatchObject({ rows: 0, data: [] });
    expect(await ask(none, 'JSONEachRow')).toHaveLength(0);
  });
});
