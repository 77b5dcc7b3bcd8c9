import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as zlib from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Sink } from '../../../collector/queue/sink.ts';
import { BodyBudget } from '../../../collector/receive/body-budget.ts';
import { buildReceiver, type ReceiverOptions } from '../../../collector/receive/receiver.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { failNode, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';

const PROTOBUF = 'application/x-protobuf';
const LIMIT = 64 * 1024;
const body = toProtobuf(recordSpans((tracer) => failNode(tracer)));
const sink = new MemorySink();

let app: FastifyInstance;
let port: number;

async function listen(more: Partial<ReceiverOptions> = {}, to: Sink = sink): Promise<void> {
  app = buildReceiver({
    signals: [new TraceService(to, 'agents')],
    notReady: async () => undefined,
    maxBodyBytes: LIMIT,
    logger: pino({ level: 'silent' }),
    ...more,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as { port: number }).port;
}

afterEach(() => app.close());

function post(bytes: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    body: new Uint8Array(bytes),
    headers: { 'content-type': PROTOBUF, ...headers },
  });
}

/** A connection by hand and what comes back on it. */
async function dial(): Promise<{ socket: Socket; answer: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, answer: () => answer };
}

const head = (more: string): string =>
  `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${PROTOBUF}\r\n${more}\r\n`;

/** Holds every request until it is let go. */
class HeldSink implements Sink {
  readonly arrived: Promise<void>;
  letGo: () => void = () => {};
  private arrive: () => void = () => {};
  private readonly held = new Promise<void>((resolve) => {
    this.letGo = resolve;
  });

  constructor() {
    this.arrived = new Promise((resolve) => {
      this.arrive = resolve;
    });
  }

  open() {
    return {
      add: () => {},
      commit: async () => {
        this.arrive();
        await this.held;
      },
    };
  }

  receivedAt = (_traceId: string, _spanId: string, now: bigint) => now;
}

describe('slow senders are cut off', () => {
  const limits = { headersTimeoutMs: 50, requestTimeoutMs: 100 };

  test('in the middle of the headers', async () => {
    await listen({ limits });
    const { socket, answer } = await dial();
    socket.write('POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('in the middle of the body, whose bytes are given back', async () => {
    const budget = new BodyBudget(LIMIT);
    await listen({ limits, budget });
    const { socket } = await dial();
    socket.write(`${head('content-length: 1000\r\n')}x`);
    await expect.poll(() => budget.bytes).toBe(1000);
    await once(socket, 'close');
    await expect.poll(() => budget.bytes).toBe(0);
  });
});

describe('connections', () => {
  test('headers above the limit get 431', async () => {
    await listen();
    const { socket, answer } = await dial();
    socket.write(head(`x-large: ${'x'.repeat(20_000)}\r\n`));
    await once(socket, 'close');
    expect(answer()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('above the most connections a further one is closed, the others live on', async () => {
    await listen({ limits: { maxConnections: 2 } });
    const [first] = [await dial(), await dial()];
    const third = await dial();
    await once(third.socket, 'close');
    expect(third.answer()).toBe('');
    first!.socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    await once(first!.socket, 'close');
    expect(first!.answer()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test('closing does not wait for a connection that never asked anything', async () => {
  await listen();
  const { socket } = await dial();
  await Promise.all([once(socket, 'close'), app.close()]);
});

describe('bodies in memory', () => {
  test('beyond the bound 503 before the body is read, and room again afterwards', async () => {
    const held = new HeldSink();
    const budget = new BodyBudget(body.length + 10);
    await listen({ budget }, held);
    const first = post(body);
    await held.arrived;
    expect(budget.bytes).toBe(body.length);

    const { socket, answer } = await dial();
    socket.write(head('content-length: 500\r\n'));
    await expect.poll(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer()).toMatch(/^retry-after: 1\r$/m);
    socket.destroy();

    held.letGo();
    expect((await first).status).toBe(200);
    await expect.poll(() => budget.bytes).toBe(0);
    expect((await post(body)).status).toBe(200);
  });

  test('a body of unknown length is counted as it comes', async () => {
    const budget = new BodyBudget(1000);
    await listen({ budget });
    const { socket, answer } = await dial();
    const chunk = `258\r\n${'x'.repeat(600)}\r\n`;
    socket.write(head('transfer-encoding: chunked\r\n') + chunk);
    await expect.poll(() => budget.bytes).toBe(600);
    socket.write(chunk);
    await expect.poll(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(budget.bytes).toBe(0);
    socket.destroy();
  });

  test('what a body decompresses to is counted too', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(LIMIT));
    await listen({ budget: new BodyBudget(bomb.length + LIMIT - 1) });
    const answer = await post(bomb, { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('bytes are given back by senders that go away and by bodies that are refused', async () => {
    const budget = new BodyBudget(LIMIT);
    await listen({ budget });
    const { socket } = await dial();
    socket.write(`${head('content-length: 1000\r\n')}x`);
    await expect.poll(() => budget.bytes).toBe(1000);
    socket.destroy();
    await expect.poll(() => budget.bytes).toBe(0);
    expect((await post(Buffer.from('rubbish'))).status).toBe(400);
    expect(budget.bytes).toBe(0);
  });
});

describe('zstd', () => {
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };
  const headers = { 'content-encoding': 'zstd' };

  test.skipIf(!zstdCompressSync)('is read and bomb-safe (where Node has it)', async () => {
    await listen();
    expect((await post(zstdCompressSync!(body), headers)).status).toBe(200);
    expect((await post(zstdCompressSync!(Buffer.alloc(LIMIT * 20)), headers)).status).toBe(413);
    expect((await post(Buffer.from('rubbish'), headers)).status).toBe(400);
  });

  test.skipIf(zstdCompressSync)('is refused (where Node does not have it)', async () => {
    await listen();
    expect((await post(body, headers)).status).toBe(415);
  });
});

test('metrics are not taken: 404 with a Status in the encoding of the request', async () => {
  await listen();
  const answer = await fetch(`http://127.0.0.1:${port}/v1/metrics`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    code: 5,
    message: expect.stringMatching(/^metrics are not taken/),
  });
});
