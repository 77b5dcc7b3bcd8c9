// /healthz, /readyz and grpc.health.v1 while things go wrong.
import { once } from 'node:events';
import { connect as open } from 'node:net';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Collector, startCollector } from '../../../collector/index.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../../support/world.ts';
import { killCollectors, spawnCollector } from '../queue/collector-process.ts';
import { COLLECTOR, type Storage, startStorage } from '../queue/storage.ts';

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(async () => {
  killCollectors();
  await storage?.end();
});

async function ready(url: string) {
  const answer = await fetch(`${url}/readyz`);
  const retryAfter = answer.headers.get('retry-after');
  const body = (await answer.json()) as { checks: Record<string, object> };
  return { status: answer.status, retryAfter, body };
}

const alive = async (url: string): Promise<number> => (await fetch(`${url}/healthz`)).status;

const nowhere = {
  url: 'http://127.0.0.1:1',
  username: 'default',
  password: '',
  database: 'faultline',
};

function start(folder: string, more: Partial<Parameters<typeof startCollector>[0]> = {}) {
  return startCollector({
    ...COLLECTOR,
    otlpGrpcPort: 0,
    clickhouse: nowhere,
    queue: { folder: join(storage.dataDir, folder), maxBytes: 1_000_000, flushMs: 0 },
    logger: pino({ level: 'silent' }),
    ...more,
  });
}

/** What grpc.health.v1 says: 1 is serving, 2 is not. */
function check(collector: Collector, request = Buffer.alloc(0)): Promise<number> {
  const client = new Client(`127.0.0.1:${collector.grpcPort}`, credentials.createInsecure());
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const path = '/grpc.health.v1.Health/Check';
  return new Promise<number>((resolve, reject) => {
    client.makeUnaryRequest(path, asItIs, asItIs, request, (error, answer) =>
      error ? reject(error) : resolve(answer![1]!),
    );
  }).finally(() => client.close());
}

describe('the collector', () => {
  test('ClickHouse is there', async () => {
    const { connection } = await storage.database();
    const collector = await start('up', { clickhouse: connection, ingestTokens: ['secret'] });
    // A machine with much to do may not answer within the second that it gets.
    await expect
      .poll(() => ready(collector.url))
      .toEqual({
        status: 200,
        retryAfter: null,
        body: {
          status: 'ready',
          checks: {
            queue: { ok: true, required: true },
            clickhouse: { ok: true, required: false },
          },
        },
      });
    expect(await check(collector)).toBe(1);
    await expect(check(collector, Buffer.from([0x0a, 1, 0x78]))).rejects.toThrow('NOT_FOUND');
    await collector.close();
  });

  test('ClickHouse is down: the queue takes what comes, and it is said', async () => {
    const collector = await start('down');
    await expect
      .poll(() => ready(collector.url))
      .toMatchObject({
        status: 200,
        body: {
          status: 'ready',
          checks: { clickhouse: { ok: false, reason: expect.stringContaining('ECONNREFUSED') } },
        },
      });
    await collector.close();
  });

  test('ClickHouse hangs: the answer comes all the same', async () => {
    const hanging = new (await import('node:net')).Server(() => {}).listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const { port } = hanging.address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const collector = await start('hangs', { clickhouse: { ...nowhere, url } });
    expect((await ready(collector.url)).body.checks.clickhouse).toEqual({
      ok: false,
      required: false,
      reason: 'no answer within 1000 ms',
    });
    await collector.close();
    hanging.close();
  });

  test('the queue is full: not ready until there is room', async () => {
    const queue = { folder: join(storage.dataDir, 'full'), maxBytes: 1, flushMs: 0 };
    const collector = await start('full', { queue });
    await sendSpans(collector.url, [failedAttempt('a')]);
    expect(await ready(collector.url)).toEqual({
      status: 503,
      retryAfter: '1',
      body: {
        status: 'not ready',
        reason: 'the queue is full',
        checks: {
          queue: { ok: false, required: true, reason: 'the queue is full' },
          clickhouse: expect.objectContaining({ ok: false }),
        },
      },
    });
    expect(await check(collector)).toBe(2);
    expect(await alive(collector.url)).toBe(200);
    await collector.close();
  });

  test('the queue cannot be written: not ready, without a request that shows it', async () => {
    const database = await storage.database();
    const away = { ...database, connection: nowhere };
    const { url, end } = await spawnCollector(away, join(storage.dataDir, 'disk'), {
      fileLimitKib: 500,
    });
    const text = 'x'.repeat(15_000);
    const send = () =>
      sendSpans(
        url,
        Array.from({ length: 10 }, () => failedAttempt('a', { 'failure.input': text })),
      );
    await expect.poll(() => send().then(() => 'taken', String)).toContain('503');
    for (let i = 0; i < 3; i++) {
      expect(await ready(url)).toMatchObject({
        status: 503,
        retryAfter: '1',
        body: { reason: expect.stringContaining('the queue cannot be written') },
      });
    }
    expect(await alive(url)).toBe(200);
    await end('SIGKILL');
  });

  test('closing: not ready, while a request in progress may still end', async () => {
    const collector = await start('closing');
    const socket = open(collector.port, '127.0.0.1');
    const body = '{}';
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    // Only a connection that the server has seen is waited for.
    await alive(collector.url);
    const closed = collector.close();
    socket.write(`${body}GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    let answers = '';
    for await (const chunk of socket) answers += chunk;
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
    await closed;
  });
});

describe('the query service', () => {
  let world: World;
  beforeAll(async () => {
    const { url, writer } = storage.engine;
    world = await startWorld({
      'clickhouse-url': url,
      'clickhouse-user': writer.username,
      'clickhouse-password': writer.password,
    });
  });
  afterAll(() => world?.end());

  test('is ready with ClickHouse and not without; the collector still is', async () => {
    await expect
      .poll(() => ready(world.query))
      .toEqual({
        status: 200,
        retryAfter: null,
        body: { status: 'ready', checks: { clickhouse: { ok: true, required: true } } },
      });
    await storage.kill();
    expect(await ready(world.query)).toMatchObject({
      status: 503,
      retryAfter: '2',
      body: { status: 'not ready', checks: { clickhouse: { ok: false, required: true } } },
    });
    expect(await alive(world.query)).toBe(200);
    await expect
      .poll(async () => (await ready(world.otlpHttp)).body)
      .toMatchObject({
        status: 'ready',
        checks: { clickhouse: { ok: false, required: false } },
      });
  });
});
