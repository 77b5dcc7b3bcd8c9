import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPipeline, instrumentGraph, recordEvolution } from '../../instrumentation/index.ts';
import { endpointFromEnvironment, isDisabled } from '../../instrumentation/pipeline/environment.ts';
import { Receiver } from './receiver.ts';

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
    'FAULTLINE_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318, got "localhost:4318"',
  );
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20x, a=b=c,broken' };
  expect(endpointFromEnvironment(headers).headers).toEqual({ authorization: 'Bearer x', a: 'b=c' });
});

test('either variable turns everything off', () => {
  expect(isDisabled({})).toBe(false);
  expect(isDisabled({ OTEL_SDK_DISABLED: 'true' })).toBe(true);
  expect(isDisabled({ FAULTLINE_DISABLED: '1' })).toBe(true);
  expect(isDisabled({ FAULTLINE_DISABLED: 'false' })).toBe(false);
});
