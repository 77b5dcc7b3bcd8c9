import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Tracer } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  endpointFromEnvironment,
  isDisabled,
  likelyFix,
} from '../../../instrumentation/delivery/environment.ts';
import { send } from '../../../instrumentation/delivery/transport.ts';
import {
  createPipeline,
  instrumentGraph,
  recordEvolution,
} from '../../../instrumentation/index.ts';
import { Receiver } from '../receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
});
afterEach(async () => {
  await receiver.stop();
});

test('a pipeline sends spans with its headers and service name', async () => {
  const pipeline = createPipeline({
    endpoint: `${receiver.url}/`,
    headers: { authorization: 'Bearer t' },
    serviceName: 'queen',
  });
  const id = recordEvolution({ agentId: 'a', resolution: 'fixed' }, pipeline.tracer);
  await pipeline.flush();
  const [span] = receiver.named('evolve_graph a');
  expect(span!.attributes['evolution.id']).toBe(id);
  expect(span!.resource['service.name']).toBe('queen');
  expect(receiver.headers[0]).toMatchObject({
    authorization: 'Bearer t',
    'content-type': 'application/x-protobuf',
  });
  await pipeline.shutdown();
});

test('FAULTLINE_REPLAY marks all spans of the process, and nothing waits in files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-replay-'));
  vi.stubEnv('FAULTLINE_REPLAY', 'again-1');
  const pipeline = createPipeline({ endpoint: receiver.url, spool: folder });
  recordEvolution({ agentId: 'a', resolution: 'fixed' }, pipeline.tracer);
  await pipeline.flush();
  vi.unstubAllEnvs();
  expect(receiver.named('evolve_graph a')[0]!.resource['faultline.replay']).toBe('again-1');
  expect(readdirSync(folder)).toEqual([]);
  await pipeline.shutdown();
  rmSync(folder, { recursive: true });
});

test('a start signal and a failure leave by themselves', async () => {
  const pipeline = createPipeline({ endpoint: receiver.url, delayMs: 60_000 });
  const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' }, tracer: pipeline.tracer });
  let finish = () => {};
  const running = graph.run({}, () => new Promise<void>((resolve) => (finish = resolve)));
  await expect.poll(() => receiver.named('start_graph').length).toBe(1);
  finish();
  await running;
  expect(receiver.named('execute_graph')).toEqual([]);
  await pipeline.shutdown();
  expect(receiver.named('execute_graph')).toHaveLength(1);
});

test('flush rejects while the collector is away, and the spans arrive when it is back', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const pipeline = createPipeline({ endpoint: receiver.url, retryMs: 10 });
  receiver.status = 503;
  recordEvolution({ agentId: 'a', resolution: 'one' }, pipeline.tracer);
  await expect(pipeline.flush()).rejects.toThrow(/answered 503/);
  await expect(pipeline.flush()).rejects.toThrow(/took no spans/);
  receiver.status = 200;
  await expect.poll(() => receiver.spans.length).toBe(1);
  await pipeline.flush();
  expect(receiver.spans).toHaveLength(1);
  stderr.mockRestore();
});

test('a request that is refused for good is not sent again', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const pipeline = createPipeline({ endpoint: receiver.url, retryMs: 1 });
  receiver.status = 400;
  recordEvolution({ agentId: 'a', resolution: 'one' }, pipeline.tracer);
  await expect(pipeline.flush()).rejects.toThrow(/answered 400/);
  receiver.status = 200;
  await pipeline.flush();
  expect(receiver.spans).toEqual([]);
  stderr.mockRestore();
});

test('an answer that may change is tried again, as soon as the receiver asks for it', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  // Left to itself it would come back after a minute.
  const pipeline = createPipeline({ endpoint: receiver.url, retryMs: 60_000 });
  receiver.status = 401;
  receiver.retryAfter = '0';
  recordEvolution({ agentId: 'a', resolution: 'one' }, pipeline.tracer);
  await expect(pipeline.flush()).rejects.toThrow(/answered 401/);
  await expect.poll(() => receiver.requests).toBeGreaterThan(1);
  receiver.status = 200;
  await expect.poll(() => receiver.spans.length).toBe(1);
  stderr.mockRestore();
  await pipeline.shutdown();
});

test('one span that is refused for good takes no other with it, and is counted', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const pipeline = createPipeline({ endpoint: receiver.url });
  receiver.refuses = ({ name }) => name === 's17';
  for (let n = 0; n < 40; n += 1) pipeline.tracer.startSpan(`s${n}`).end();
  await expect(pipeline.flush()).rejects.toThrow(/answered 400/);
  expect(receiver.spans).toHaveLength(39);
  pipeline.tracer.startSpan('next').end();
  await pipeline.flush();
  expect(receiver.named('next')[0]!.attributes).toEqual({ 'faultline.dropped_spans': 1 });
  stderr.mockRestore();
  await pipeline.shutdown();
});

const failing = (tracer: Tracer) => {
  const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' }, tracer });
  return (n: number) =>
    graph
      .run({ sessionId: `s${n}` }, async (run) => {
        await run.node('good', {}, () => 1);
        await run.node('bad', { input: 'x'.repeat(500) }, () => {
          throw new Error('no');
        });
      })
      .catch(() => {});
};
const failures = () => receiver.named('execute_node bad');

test('memory is bounded: what finds no room is dropped, counted and said', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const pipeline = createPipeline({ endpoint: receiver.url, maxBytes: 100_000 });
  receiver.status = 503;
  const fail = failing(pipeline.tracer);
  for (let n = 0; n < 100; n += 1) await fail(n);
  receiver.status = 200;
  await pipeline.flush().catch(() => {});
  await expect.poll(() => pipeline.flush()).toBeUndefined();
  expect(failures().length).toBeLessThan(40);
  await fail(100);
  await pipeline.flush();
  const [last] = failures().slice(-1);
  const dropped = last!.attributes['faultline.dropped_spans'];
  expect(receiver.spans.length - 4 + dropped).toBe(400);
  stderr.mockRestore();
  await pipeline.shutdown();
});

describe('with a spool', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'faultline-pipeline-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const contents = () =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.spool'))
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('');

  test('failures are on disk before the app goes on, and gone when they are taken', async () => {
    const pipeline = createPipeline({ endpoint: receiver.url, spool: folder, delayMs: 60_000 });
    const running = failing(pipeline.tracer)(1);
    await running;
    expect(contents()).toContain('execute_node bad');
    expect(contents()).toContain('execute_graph g');
    // The first of a graph carries the graph.
    expect(contents()).toContain('graph.snapshot');
    expect(contents()).not.toContain('execute_node good');
    await pipeline.shutdown();
    expect(receiver.spans).toHaveLength(4);
    expect(contents()).toBe('');
  });

  test('what finds no room in memory waits in files, and all of it arrives once', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const options = { endpoint: receiver.url, spool: folder, maxBytes: 20_000, retryMs: 1 };
    const pipeline = createPipeline(options);
    receiver.status = 503;
    const fail = failing(pipeline.tracer);
    for (let n = 0; n < 300; n += 1) await fail(n);
    receiver.status = 200;
    await expect.poll(() => failures().length).toBe(300);
    await pipeline.flush();
    expect(receiver.named('execute_graph')).toHaveLength(300);
    expect(receiver.taken).toBe(receiver.spans.length);
    stderr.mockRestore();
    await pipeline.shutdown();
    expect(contents()).toBe('');
  });

  test('what the collector refuses for good is not kept', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const pipeline = createPipeline({ endpoint: receiver.url, spool: folder });
    receiver.refuses = ({ name }) => name === 'execute_node bad';
    await failing(pipeline.tracer)(1);
    await expect(pipeline.flush()).rejects.toThrow(/answered 400/);
    expect(receiver.named('execute_graph')).toHaveLength(1);
    await pipeline.shutdown();
    expect(contents()).toBe('');
    stderr.mockRestore();
  });
});

test('bodies are compressed when the environment says so', async () => {
  vi.stubEnv('FAULTLINE_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip');
  const pipeline = createPipeline();
  for (let n = 0; n < 50; n += 1) pipeline.tracer.startSpan(`s${n}`).end();
  await pipeline.flush();
  expect(receiver.spans).toHaveLength(50);
  expect(receiver.headers[0]!['content-encoding']).toBe('gzip');
  await pipeline.shutdown();
  vi.unstubAllEnvs();
});

test('compression is left out on the way to this machine itself', () => {
  const of = (url: string) => endpointFromEnvironment({ FAULTLINE_OTLP_ENDPOINT: url }).compression;
  expect([of('http://127.0.0.1:4318'), of('http://localhost:1'), of('http://[::1]:1')]).toEqual(
    Array(3).fill('none'),
  );
  expect(of('https://collector.example')).toBe('gzip');
});

test('four thousand spans in one tick all arrive', async () => {
  const pipeline = createPipeline({ endpoint: receiver.url });
  for (let n = 0; n < 4000; n += 1) {
    pipeline.tracer.startSpan(`s${n}`).end();
  }
  await pipeline.flush();
  expect(receiver.spans).toHaveLength(4000);
});

test('the environment names the endpoint', () => {
  const url = (env: Record<string, string>) => endpointFromEnvironment(env).url;
  const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:1/custom' };
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:1/base/' };
  const own = { FAULTLINE_OTLP_ENDPOINT: 'https://f:1' };
  expect(url({})).toBe('http://127.0.0.1:4318/v1/traces');
  expect(url(base)).toBe('http://b:1/base/v1/traces');
  expect(url({ ...base, ...traces })).toBe('http://t:1/custom');
  expect(url({ ...base, ...traces, ...own })).toBe('https://f:1/v1/traces');
  expect(() => url({ FAULTLINE_OTLP_ENDPOINT: 'localhost:4318' })).toThrow(
    'FAULTLINE_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318, got "localhost:4318"; try http://localhost:4318',
  );
  // The path of a signal is not doubled.
  expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:1/base/v1/traces/' })).toBe(
    'http://b:1/base/v1/traces',
  );
  expect(url({ FAULTLINE_OTLP_ENDPOINT: 'http://b:1/v1/traces/v1/traces' })).toBe(
    'http://b:1/v1/traces',
  );
  expect(url({ FAULTLINE_OTLP_ENDPOINT: 'http://b:1/v1/logs' })).toBe('http://b:1/v1/traces');
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20x, a=b=c,broken' };
  expect(endpointFromEnvironment(headers).headers).toEqual({ authorization: 'Bearer x', a: 'b=c' });
});

test.each([
  [
    { FAULTLINE_OTLP_ENDPOINT: 'http://h:4317' },
    'HPE_INVALID_CONSTANT',
    'FAULTLINE_OTLP_ENDPOINT=http://h:4318',
  ],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:9' }, 'HPE_INVALID_CONSTANT', 'usually 4318'],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://h:4318/a' },
    'EPROTO',
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318/a',
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://h:4318' },
    'it answered 404',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://h:4318/v1/traces',
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://h:4318/v1/traces/v1/traces/' },
    'it answered 404',
    'try OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://h:4318/v1/traces',
  ],
  [
    { FAULTLINE_OTLP_ENDPOINT: 'http://h:4318/api/public/otel' },
    'it answered 404',
    'try FAULTLINE_OTLP_ENDPOINT=http://h:4318',
  ],
  [
    { FAULTLINE_OTLP_ENDPOINT: 'https://h:4318' },
    'ECONNRESET',
    'try FAULTLINE_OTLP_ENDPOINT=http://h:4318',
  ],
])('%j that fails with %s: %s', (env, reason, likely) => {
  expect(likelyFix(endpointFromEnvironment(env), reason)).toContain(likely);
  expect(likelyFix(endpointFromEnvironment(env), 'ECONNREFUSED')).toBe('');
});

test('what really speaks gRPC is recognized', async () => {
  const server = new Server();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const setting = { FAULTLINE_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  const endpoint = endpointFromEnvironment(setting);
  const reason = await send(endpoint, Buffer.alloc(0), true).catch(({ message }: Error) => message);
  expect(likelyFix(endpoint, String(reason))).toContain('port of gRPC');
  server.forceShutdown();
});

test('either variable turns everything off', () => {
  expect(isDisabled({})).toBe(false);
  expect(isDisabled({ OTEL_SDK_DISABLED: 'true' })).toBe(true);
  expect(isDisabled({ FAULTLINE_DISABLED: '1' })).toBe(true);
  expect(isDisabled({ FAULTLINE_DISABLED: 'false' })).toBe(false);
});
