// `@clickhouse/client` with the compression that is asked for; `COMPRESSION` is `none`, `gzip`, `br` or `zstd`.
import { createClient } from '@clickhouse/client';

const { ADDRESS, COMPRESSION, READER_PASSWORD, WRITER_PASSWORD, TABLE, TYPED, ROWS } = process.env;
const codec = COMPRESSION;
const compression = codec === 'none' ? {} : { request: { codec }, response: { codec } };

const connect = (username, password) =>
  createClient({
    url: `http://${ADDRESS}`,
    database: 'faultline',
    log: { level: 127 },
    ...{ username, password, compression },
  });
const format = 'JSONEachRow';

const reader = connect('reader', READER_PASSWORD);
const ask = async (query) => (await reader.query({ query, format })).json();
const [{ failures }] = await ask('SELECT toUInt32(count()) AS failures FROM failures');
const [row] = await ask(TYPED);
const refused = await reader.insert({ table: TABLE, values: [{ id: 1 }], format }).then(
  () => '',
  (error) => `${error.type}: ${error.message}`,
);
const writer = connect('faultline', WRITER_PASSWORD);
const values = Array.from({ length: Number(ROWS) }, (_, id) => ({
  id,
  at: '2026-11-30 12:00:00.123456789',
  text: `text ${id % 7}`,
  tags: { n: `${id}` },
  ids: ['00000000-0000-0000-0000-000000000001'],
}));
await writer.insert({ table: TABLE, values, format });
await Promise.all([reader.close(), writer.close()]);
const typed = [row.failure_id, Object.keys(row.attributes).length];
process.stdout.write(`${JSON.stringify({ failures, typed, refused })}\n`);
