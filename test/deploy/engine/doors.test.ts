/** Who comes in at the engine's two ports, and that nobody who does not can harm it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ask, command, running } from './running.ts';

const engine = running({ nativePort: 0 });
/** The packet's kind, as the server sends it. */
const EXCEPTION = 2;
const url = () => engine.server().url;

test.each([
  ['faultline', 'wrong', '516'],
  ['faultline', '', '516'],
  ['query', '', '516'],
  ['reader', 'x', '516'],
  ['nobody', '', '516'],
  ['default', '', '194'],
  ['default', 'x', '194'],
])('over HTTP %s with password "%s" is refused', async (user, password, code) => {
  const response = await ask(engine.server(), 'SELECT 1', { user, password });
  expect([response.ok, response.headers.get('x-clickhouse-exception-code')]).toEqual([false, code]);
  expect(await response.text()).toMatch(/Authentication failed/);
});

test.each([
  ['faultline', 'wrong'],
  ['reader', ''],
  ['nobody', ''],
  ['default', ''],
])('over the native protocol %s with password "%s" is refused', async (user, password) => {
  for (let time = 0; time < 5; time += 1) {
    const answer = await hello(user, password);
    expect([answer[0], answer.toString('latin1')]).toEqual([
      EXCEPTION,
      expect.stringContaining('Authentication failed'),
    ]);
  }
  expect(await command(engine.server(), 'SELECT 1')).toBe('1\n');
});

test('over the native protocol a user with their password gets the server’s hello', async () => {
  const { username, password } = engine.server().reader;
  const answer = (await hello(username, password)).toString('latin1');
  expect(answer.startsWith('\0\x0aClickHouse')).toBe(true);
});

test('a page of any origin gets nothing, and nothing that it could read', async () => {
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  for (const request of [
    () => fetch(`${url()}/?query=SELECT+1`, { headers }),
    () => fetch(`${url()}/?query=DROP+DATABASE+faultline`, { method: 'POST', headers }),
    () => fetch(`${url()}/`, { method: 'OPTIONS', headers }),
  ]) {
    const response = await request();
    expect(await response.text()).not.toMatch(/^1$/m);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  }
  expect(
    await command(engine.server(), 'SELECT count() FROM system.databases WHERE name = {d:String}', {
      param_d: 'faultline',
    }),
  ).toBe('1\n');
});

test('whatever comes in at a port, the engine goes on', async () => {
  const { pid, port, nativePort } = engine.server();
  const rubbish = [
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('GET //[ HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from('POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx'),
    Buffer.from(
      'POST /?query=INSERT+INTO+t+VALUES HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ),
    Buffer.from(`GET /?x=${'y'.repeat(300_000)} HTTP/1.1\r\n\r\n`),
    Buffer.from([0, 5, 97, 98, 99]),
    Buffer.alloc(64, 0xff),
    randomBytes(4096),
  ];
  for (const to of [port, nativePort!]) {
    for (const bytes of rubbish) {
      for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
        const socket = connect(to, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(bytes);
        await new Promise((resolve) => setImmediate(resolve));
        socket[leave]();
        if (leave === 'end') socket.resume();
      }
    }
  }
  expect(await command(engine.server(), 'SELECT 1')).toBe('1\n');
  expect(engine.server().pid).toBe(pid);
  expect(() => process.kill(pid, 0)).not.toThrow();
});

/** Says hello as a client of the native protocol does. @returns what the server answers first */
async function hello(user: string, password: string): Promise<Buffer> {
  const text = (value: string) => [Buffer.from([value.length]), Buffer.from(value)];
  // Packet 0: the client's name, version 24.1, revision 54429, database, user, password.
  const revision = Buffer.from([0x9d, 0xa9, 0x03]);
  const socket = connect(engine.server().nativePort!, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    Buffer.concat([
      Buffer.from([0]),
      ...text('test'),
      Buffer.from([24, 1]),
      revision,
      ...text(''),
      ...text(user),
      ...text(password),
    ]),
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.resetAndDestroy();
  return answer;
}
