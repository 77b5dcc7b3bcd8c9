// Several addresses of ClickHouse: two engines, one of which is killed, is away, and comes back.
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const folder = new TemporaryFolder('addresses');
let first: RunningEngine;
let second: RunningEngine;

/** One password for both, as servers of one cluster have. */
async function startAt(name: string, port = 0): Promise<RunningEngine> {
  const dataDir = await folder.with(name, { 'writer-password': 'one for all' });
  return startEngine({ dataDir, port });
}

const clientOf = (...urls: string[]): ClickHouse =>
  connectClickHouse({ url: urls, username: 'faultline', password: 'one for all' });

/** The port of the server that answers. */
async function whoAnswers(client: ClickHouse): Promise<number> {
  const result = await client.query({
    query: "SELECT getServerPort('http_port') AS port",
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ port: number }>();
  return row!.port;
}

beforeAll(async () => {
  [first, second] = await Promise.all([startAt('first'), startAt('second')]);
});
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
  await folder.remove();
});

test('the first address is used, the next when it is killed, and the first again', async () => {
  const client = clientOf(first.url, second.url);
  expect(await whoAnswers(client)).toBe(first.port);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  expect(await whoAnswers(client)).toBe(second.port);
  first = await startAt('first', first.port);
  while ((await whoAnswers(client)) !== first.port) await wait(20);
  await client.close();
});

test('a statement with a stream fails at a dead address, and finds the next when sent again', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const client = clientOf(`http://127.0.0.1:${port}`, second.url);
  const insert = () =>
    client.exec({
      query: "INSERT INTO FUNCTION null('n UInt8') FORMAT CSV",
      values: Readable.from(['1\n'], { objectMode: false }),
    });
  await expect(insert()).rejects.toThrow(`http://127.0.0.1:${port} (connect ECONNREFUSED`);
  await (await insert()).stream.resume();
  await client.close();
});

test('what a server refuses is not asked of the next', async () => {
  const client = clientOf(first.url, second.url);
  await expect(client.command({ query: 'SELECT nonsense' })).rejects.toThrow(/nonsense/);
  expect(await whoAnswers(client)).toBe(first.port);
  await client.close();
});

test('when none answers the error names every address', async () => {
  const client = clientOf('http://127.0.0.1:9', 'http://127.0.0.1:11');
  const asked = client.command({ query: 'SELECT 1' });
  await expect(asked).rejects.toThrow(
    /^no address answers: http:\/\/127\.0\.0\.1:9 \(.+\), http:\/\/127\.0\.0\.1:11 \(.+\)$/,
  );
  await client.close();
});

test('a server that does not answer in time is left, one that is slow is not', async () => {
  const hung = createServer((socket) => socket.on('error', () => {}).resume()).listen(
    0,
    '127.0.0.1',
  );
  await new Promise((resolve) => hung.once('listening', resolve));
  const { port } = hung.address() as { port: number };
  const client = connectClickHouse({
    url: [`http://127.0.0.1:${port}`, first.url],
    username: 'faultline',
    password: 'one for all',
    request_timeout: 300,
  });
  expect(await whoAnswers(client)).toBe(first.port);
  await expect(client.command({ query: 'SELECT sleep(1)' })).rejects.toThrow(/Timeout/);
  expect(await whoAnswers(client)).toBe(first.port);
  await client.close();
  await new Promise((resolve) => hung.close(resolve));
});

test('a server that stands still is left long before the statement’s own time is over', async () => {
  const client = clientOf(first.url, second.url);
  process.kill(first.pid, 'SIGSTOP');
  try {
    const ready = await client.ping({ select: true });
    expect(ready.success).toBe(true);
    expect(await whoAnswers(client)).toBe(second.port);
  } finally {
    process.kill(first.pid, 'SIGCONT');
    await client.close();
  }
}, 20_000);
