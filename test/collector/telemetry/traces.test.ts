// Faultline's own spans, as a real receiver gets them; and that they never feed themselves.
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startOwnTraces } from '../../../collector/index.ts';
import { createClient } from '../../../query/index.ts';
import { Receiver } from '../../instrumentation/receiver.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../../support/world.ts';

const logger = pino({ level: 'silent' });
let receiver: Receiver;
let world: World | undefined;

beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
});
afterEach(async () => {
  await world?.end();
  world = undefined;
  await receiver.stop();
  vi.unstubAllEnvs();
});

const named = (name: string) => receiver.spans.filter((span) => span.name === name);

describe('with OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  beforeEach(async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-tenant=blue');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=lab');
    world = await startWorld();
  });

  test('a request over HTTP, its insert, a question', async () => {
    await world!.send(failedAttempt('a'), { name: 'GET /' });
    await createClient({ url: world!.query }).recentFailures();
    await expect.poll(() => named('GET /api/v1/failures').length).toBe(1);
    await expect.poll(() => named('INSERT failures').length).toBe(1);
    const [request] = named('POST /v1/traces');
    expect(request).toMatchObject({
      parentSpanId: '',
      statusCode: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/traces',
        'http.response.status_code': 200,
        'http.request.body.size': expect.any(Number),
        'url.scheme': 'http',
        'faultline.signal': 'traces',
        'faultline.items.received': 2,
        'faultline.items.kept': 1,
        'faultline.items.rejected': 0,
      },
      resource: {
        'service.name': 'faultline',
        'service.version': expect.stringMatching(/^\d/),
        'deployment.environment.name': 'lab',
      },
    });
    const [insert] = named('INSERT failures');
    expect(insert!.attributes).toEqual({
      'db.system.name': 'clickhouse',
      'db.operation.name': 'INSERT',
      'db.collection.name': 'failures',
      'db.operation.batch.size': 1,
      'faultline.insert.bytes': expect.any(Number),
      'faultline.insert.retries': 0,
    });
    expect(insert!.endNs).toBeGreaterThan(insert!.startNs);
    expect(named('GET /api/v1/failures')[0]!.attributes['http.response.status_code']).toBe(200);
    expect(receiver.headers[0]).toMatchObject({ 'x-tenant': 'blue' });
  });

  test('a call over gRPC; health and metrics are not traced', async () => {
    const exporter = new OTLPTraceExporter({ url: world!.otlpGrpc });
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
    const span = provider.getTracer('test').startSpan('execute_tool lookup');
    span.setAttribute('gen_ai.agent.id', 'b');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no answer' });
    span.end();
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      await fetch(world!.otlpHttp + path);
      await fetch(world!.query + path);
    }
    await provider.shutdown();
    const name = 'opentelemetry.proto.collector.trace.v1.TraceService/Export';
    await expect.poll(() => named(name).length).toBe(1);
    expect(named(name)[0]!.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': name,
      'rpc.request.size': expect.any(Number),
      'rpc.response.status_code': 'OK',
      'faultline.signal': 'traces',
      'faultline.items.received': 1,
      'faultline.items.kept': 1,
      'faultline.items.rejected': 0,
    });
    await world!.drained();
    expect(receiver.named('GET ')).toEqual([]);
  });

  test('a trace goes on from the caller', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    await fetch(`${world!.query}/api/v1/agents`, { headers });
    await expect.poll(() => named('GET /api/v1/agents').length).toBe(1);
    expect(named('GET /api/v1/agents')[0]).toMatchObject({
      traceId,
      parentSpanId: 'b7ad6b7169203331',
    });
  });
});

test('spans sent to ourselves are not traced, and it is said once', async () => {
  const lines: string[] = [];
  const loud = pino({}, { write: (line: string) => void lines.push(line) });
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const traces = (await startOwnTraces({ version: '1', logger: loud }))!;
  traces.tracer.startSpan('one').end();
  await expect.poll(() => receiver.requests).toBe(1);
  expect(traces.isOwn(receiver.headers[0]!)).toBe(true);
  expect(traces.isOwn(receiver.headers[0]!)).toBe(true);
  expect(traces.isOwn({ ...receiver.headers[0], 'x-faultline-own-spans': 'forged' })).toBe(false);
  expect(lines).toHaveLength(1);
  await traces.shutdown();
});

test('an endpoint that is our own port does not loop', async () => {
  const { otlpHttp } = await startSelfPointing();
  const requests = async (): Promise<number> => {
    const text = await (await fetch(`${otlpHttp}/metrics`)).text();
    return Number(/^faultline_requests_total\{.*protobuf.*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  await sendSpans(otlpHttp, [failedAttempt('a')]);
  await world!.drained();
  await expect.poll(requests).toBeGreaterThan(0);
  const before = await requests();
  for (let i = 0; i < 10; i++) {
    await fetch(`${world!.query}/api/v1/agents`);
    await world!.drained();
  }
  await expect.poll(requests).toBeGreaterThan(before);
  const asked = await settled(requests);
  expect(asked).toBeLessThanOrEqual(before + 12);
});

/** A world whose spans go to its own collector. */
async function startSelfPointing(): Promise<World> {
  const port = Number(new URL(receiver.url).port);
  await receiver.stop();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  world = await startWorld({ 'otlp-http-port': port });
  receiver = new Receiver();
  await receiver.start();
  return world;
}

/** What a count comes to when it has not changed for ten times the delay of the exporter. */
async function settled(count: () => Promise<number>): Promise<number> {
  let last = -1;
  let same = 0;
  await expect
    .poll(
      async () => {
        const now = await count();
        same = now === last ? same + 1 : 0;
        last = now;
        return same;
      },
      { interval: 50, timeout: 60_000 },
    )
    .toBeGreaterThanOrEqual(4);
  return last;
}

describe('who asks for spans', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console' }, false],
    [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, false],
    [{ FAULTLINE_OTLP_ENDPOINT: 'http://127.0.0.1:1' }, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, false],
  ])('%j: %s', async (env, wanted) => {
    const traces = await startOwnTraces({ version: '1', logger, env });
    expect(traces !== undefined).toBe(wanted);
    await traces?.shutdown();
  });

  test.each([
    ['always_off', undefined, false],
    ['parentbased_always_off', undefined, false],
    ['traceidratio', '0', false],
    ['traceidratio', '1', true],
    ['parentbased_traceidratio', '1', true],
    ['always_on', undefined, true],
    ['nonsense', undefined, true],
  ])('sampler %s with %s: %s', async (sampler, argument, sampled) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
    const env = {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: argument,
    };
    const traces = (await startOwnTraces({ version: '1', logger, env }))!;
    const span = traces.tracer.startSpan('one');
    expect(span.isRecording()).toBe(sampled);
    span.end();
    await traces.shutdown();
  });
});

test('an endpoint that does not answer is said once, and again when it does', async () => {
  const lines: string[] = [];
  const loud = pino({}, { write: (line: string) => void lines.push(line) });
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  receiver.status = 400;
  const traces = (await startOwnTraces({ version: '1', logger: loud }))!;
  traces.tracer.startSpan('one').end();
  await expect.poll(() => lines.length).toBe(1);
  traces.tracer.startSpan('two').end();
  await expect.poll(() => receiver.requests).toBe(2);
  receiver.status = 200;
  traces.tracer.startSpan('three').end();
  await expect.poll(() => lines.length).toBe(2);
  expect(lines[0]).toContain('our own spans cannot be sent');
  expect(lines[1]).toContain('our own spans can be sent again');
  await traces.shutdown();
});
