/** Compression in one direction: a compressed body and a plain answer, and the other way round. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { command, running } from './running.ts';

const engine = running();

beforeAll(async () => {
  await command(engine.server(), 'CREATE TABLE faultline.t (s String) ENGINE = Memory');
});

/** A frame with one block as it is, which every decoder takes; Node 20 has no encoder. */
const zstdFrame = (text: string): Buffer => {
  const block = Buffer.alloc(3);
  block.writeUIntLE((text.length << 3) | 1, 0, 3);
  return Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length]),
    block,
    Buffer.from(text),
  ]);
};
const lz4Frame = (text: string): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE((text.length | 0x80000000) >>> 0);
  return Buffer.concat([
    Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]),
    size,
    Buffer.from(text),
    Buffer.alloc(4),
  ]);
};

const encoders = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdFrame,
  lz4: lz4Frame,
} as const;

test.each(Object.entries(encoders))('a body in %s, the answer plain', async (codec, encode) => {
  const sql = `INSERT INTO t FORMAT JSONEachRow {"s":"${codec}"}`;
  const inserted = await send(encode(sql), { 'content-encoding': codec });
  expect([inserted.status, inserted.body.toString()]).toEqual([200, '']);
  const query = `SELECT s FROM faultline.t WHERE s = '${codec}'`;
  const read = await send(encode(query), { 'content-encoding': codec });
  expect([read.encoding, read.body.toString()]).toEqual([undefined, `${codec}\n`]);
});

const LONG = "SELECT repeat('x', 10000) FORMAT TSV";

test.each([
  ['gzip', [0x1f, 0x8b]],
  ['deflate', [0x78]],
  ['br', []],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
])('a plain body, the answer in %s', async (codec, magic) => {
  const answer = await send(LONG, { 'accept-encoding': codec }, { enable_http_compression: '1' });
  expect([answer.status, answer.encoding]).toEqual([200, codec]);
  expect([...answer.body.subarray(0, magic.length)]).toEqual(magic);
  expect(answer.body.length).toBeLessThan(1000);
  if (codec === 'gzip') expect(gunzipSync(answer.body).toString()).toBe(`${'x'.repeat(10_000)}\n`);
});

test('a plain body, the answer in blocks of lz4', async () => {
  const { status, body } = await send(LONG, {}, { compress: '1' });
  // Behind the checksum of 16 bytes.
  expect([status, body[16]]).toEqual([200, 0x82]);
  expect(body.length).toBeLessThan(1000);
});

test.each(['gzip', 'zstd', 'lz4'])('a body that is no %s is an error', async (codec) => {
  const answer = await send('SELECT 1', { 'content-encoding': codec });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(await command(engine.server(), 'SELECT 1')).toBe('1\n');
});

/** As it comes, which `fetch` would decode. */
async function send(
  body: string | Buffer,
  headers: Record<string, string>,
  query: Record<string, string> = {},
): Promise<{ status: number; encoding: string | undefined; body: Buffer }> {
  const { url, writer } = engine.server();
  const sending = request(`${url}/?${new URLSearchParams({ database: 'faultline', ...query })}`, {
    method: 'POST',
    headers: {
      'X-ClickHouse-User': writer.username,
      'X-ClickHouse-Key': writer.password,
      ...headers,
    },
  });
  sending.end(body);
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  return {
    status: answer.statusCode!,
    encoding: answer.headers['content-encoding'],
    body: await buffer(answer),
  };
}
