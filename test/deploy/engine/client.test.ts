/** The official client against the embedded engine. */

import { Readable } from 'node:stream';
import { createClient } from '@clickhouse/client';
import { expect, test } from 'vitest';
import { command, running } from './running.ts';

const embedded = running();

test('pings', async () => {
  const client = embedded.writer();
  expect(await client.ping()).toEqual({ success: true });
  expect(await client.ping({ select: true })).toEqual({ success: true });
  await client.close();
});

test('binds every kind of parameter on the server side', async () => {
  const client = embedded.reader();
  const params = {
    text: 'it\'s\t\\n\n"quoted" 日本',
    list: ["a'b", 'c\\d', 'e\nf', ''],
    none: null,
    map: { "k'": 'v\\' },
    big: '-9007199254740993',
    ids: [1, 2, 3],
  };
  const result = await client.query({
    query: `SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(String)} AS none,
              {map:Map(String, String)} AS map, toString({big:Int64}) AS big, {ids:Array(UInt8)} AS ids`,
    query_params: params,
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([params]);
  await client.close();
});

test('a parameter may hold a NUL', async () => {
  const client = embedded.reader();
  const params = { text: 'a\0b', list: ['\0', "'\0'"] };
  const result = await client.query({
    query: 'SELECT {text:String} AS text, {list:Array(String)} AS list',
    query_params: params,
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([params]);
  await client.close();
});

test('parameters of queries that run at once do not mix', async () => {
  const client = embedded.query();
  const asked = Array.from({ length: 60 }, (_, index) => `value ${index}`);
  const answered = await Promise.all(
    asked.map(async (value) => {
      const result = await client.query({
        query: 'SELECT {value:String} AS value FROM numbers(3)',
        query_params: { value },
        format: 'JSONEachRow',
      });
      return (await result.json<{ value: string }>()).map((row) => row.value);
    }),
  );
  expect(answered).toEqual(asked.map((value) => [value, value, value]));
  await client.close();
});

test('a connection that is used again has no value of the statement before', async () => {
  const client = embedded.reader();
  const ask = async (query: string, query_params: Record<string, unknown>): Promise<unknown> => {
    const result = await client.query({ query, query_params, format: 'JSONEachRow' });
    return result.json();
  };
  for (const value of ['one', 'two']) {
    expect(await ask('SELECT {value:String} AS value', { value })).toEqual([{ value }]);
  }
  await expect(ask('SELECT {value:String} AS value', {})).rejects.toThrow(/value/);
  await expect(ask('SELECT {value:String} AS value', { other: 1 })).rejects.toThrow(/value/);
  await client.close();
});

test('inserts JSONEachRow and reads it back, gzip both ways', async () => {
  const { url, writer } = embedded.server();
  const client = createClient({
    url,
    ...writer,
    database: 'faultline',
    compression: { request: true, response: true },
  });
  await client.command({
    query:
      "CREATE TABLE faultline.json (id UInt64, text String DEFAULT 'none') ENGINE = MergeTree ORDER BY id",
  });
  const rows = Array.from({ length: 1000 }, (_, id) => ({ id, text: `line ${id};\n'"\\` }));
  const inserted = await client.insert({
    table: 'faultline.json',
    values: rows,
    format: 'JSONEachRow',
  });
  expect(inserted.summary?.written_rows).toBe('1000');
  await client.insert({
    table: 'faultline.json',
    values: [{ id: 5000 }],
    columns: ['id'],
    format: 'JSONEachRow',
  });
  const result = await client.query({
    query: 'SELECT * FROM json ORDER BY id',
    format: 'JSONEachRow',
  });
  expect(result.response_headers['content-encoding']).toBe('gzip');
  expect(await result.json()).toEqual([...rows, { id: 5000, text: 'none' }]);
  await client.close();
});

test('inserts a stream of rows', async () => {
  const client = embedded.writer();
  await client.command({
    query: 'CREATE TABLE faultline.streamed (id UInt64) ENGINE = MergeTree ORDER BY id',
  });
  await client.insert({
    table: 'faultline.streamed',
    values: Readable.from(Array.from({ length: 5000 }, (_, id) => ({ id }))),
    format: 'JSONEachRow',
  });
  expect(await command(embedded.server(), 'SELECT count(), sum(id) FROM streamed')).toBe(
    '5000\t12497500\n',
  );
  await client.close();
});

test('inserts RowBinary with every byte in it', async () => {
  const client = embedded.writer();
  await client.command({
    query: 'CREATE TABLE faultline.binary (id UInt8, bytes String) ENGINE = MergeTree ORDER BY id',
  });
  const row = (id: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([id, bytes.length]), bytes]);
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => (index * 59) % 256));
  await client
    .exec({
      query: 'INSERT INTO faultline.binary FORMAT RowBinary',
      values: Readable.from([row(1, bytes), row(2, Buffer.from('; DROP TABLE x\n\0'))], {
        objectMode: false,
      }),
    })
    .then(({ stream }) => stream.resume());
  await expect
    .poll(() => command(embedded.server(), 'SELECT id, hex(bytes) FROM binary ORDER BY id'))
    .toBe(
      `1\t${bytes.toString('hex').toUpperCase()}\n2\t${Buffer.from('; DROP TABLE x\n\0').toString('hex').toUpperCase()}\n`,
    );
  await client.close();
});

test('streams a large result', async () => {
  const client = embedded.reader();
  const result = await client.query({
    query: 'SELECT number, toString(number) AS text FROM numbers(500000)',
    format: 'JSONCompactEachRow',
  });
  let count = 0;
  for await (const rows of result.stream()) count += rows.length;
  expect(count).toBe(500_000);
  await client.close();
});

test.each([
  ['SELECT * FROM nowhere', '60'],
  ['SELEC 1', '62'],
  ['SELECT 1; DROP TABLE json', '62'],
  ['SELECT {missing:String}', '456'],
])('%s fails with code %s', async (query, code) => {
  const client = embedded.writer();
  await expect(client.query({ query })).rejects.toMatchObject({ code });
  await client.close();
});

test('reports an error amid rows, and at once with wait_end_of_query', async () => {
  const client = embedded.reader();
  const query = 'SELECT number, throwIf(number = 400000) FROM numbers(500000)';
  const result = await client.query({ query, format: 'JSONEachRow' });
  const reading = (async () => {
    for await (const _rows of result.stream());
  })();
  await expect(reading).rejects.toThrow(/throwIf/);
  await expect(
    client.query({ query, format: 'JSONEachRow', clickhouse_settings: { wait_end_of_query: 1 } }),
  ).rejects.toMatchObject({ code: '395' });
  await client.close();
});

test('settings reach the engine, unknown and wrong ones are refused', async () => {
  for (const client of [embedded.reader(), embedded.writer()]) {
    const ask = (clickhouse_settings: Record<string, string | number>) =>
      client.query({
        query: 'SELECT toUInt64(7) AS n FROM numbers(3)',
        format: 'JSONEachRow',
        clickhouse_settings,
      });
    expect(await (await ask({ output_format_json_quote_64bit_integers: 1 })).json()).toContainEqual(
      { n: '7' },
    );
    expect(await (await ask({ output_format_json_quote_64bit_integers: 0 })).json()).toContainEqual(
      { n: 7 },
    );
    await expect(ask({ max_result_rows: 1 })).rejects.toMatchObject({ code: '396' });
    await expect(ask({ no_such_setting: 1 })).rejects.toMatchObject({ code: '115' });
    await expect(ask({ max_result_rows: 'many' })).rejects.toMatchObject({ code: '27' });
    await client.close();
  }
});

test('reads ReplacingMergeTree deduplicated without FINAL in the query', async () => {
  const client = embedded.writer();
  await client.command({
    query: 'CREATE TABLE faultline.replacing (id UInt8) ENGINE = ReplacingMergeTree ORDER BY id',
  });
  for (let time = 0; time < 3; time += 1) {
    await client.insert({
      table: 'faultline.replacing',
      values: [{ id: 1 }],
      format: 'JSONEachRow',
    });
  }
  for (const asking of [client, embedded.reader()]) {
    const result = await asking.query({
      query: 'SELECT count() AS n FROM replacing',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ n: 1 }]);
    await asking.close();
  }
});

test('every MergeTree table syncs its inserts', async () => {
  expect(
    await command(
      embedded.server(),
      "SELECT name, value FROM system.merge_tree_settings WHERE name IN ('fsync_after_insert', 'fsync_part_directory') ORDER BY name",
    ),
  ).toBe('fsync_after_insert\t1\nfsync_part_directory\t1\n');
});
