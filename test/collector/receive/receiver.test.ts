import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SinkRefused, SinkUnavailable } from '../../../collector/queue/sink.ts';
import { LogService } from '../../../collector/receive/logs.ts';
import { buildReceiver } from '../../../collector/receive/receiver.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { failNode, plainSpan, recordSpans, toJson, toProtobuf } from '../../support/sdk-spans.ts';
import { ExportResponse, encodeRequest, RpcStatus } from '../decode/otlp-proto.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const LIMIT = 256 * 1024;

let sink: MemorySink;
let traces: TraceService;
let app: FastifyInstance;
let url: string;
let notReady: string | undefined;

beforeEach(async () => {
  sink = new MemorySink();
  traces = new TraceService(sink, 'agents');
  notReady = undefined;
  const logger = pino({ level: 'silent' });
  const signals = [traces, new LogService(sink)];
  app = buildReceiver({ signals, notReady: async () => notReady, maxBodyBytes: LIMIT, logger });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(() => app.close());

const spans = recordSpans((tracer) => {
  plainSpan(tracer);
  failNode(tracer);
});
const badSpan = { traceId: Buffer.alloc(16), spanId: Buffer.alloc(8), name: 'execute_node x' };
const goodSpan = {
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 1),
  name: 'execute_node y',
};
const mixed = { resourceSpans: [{ scopeSpans: [{ spans: [badSpan, goodSpan] }] }] };

interface Answer {
  status: number;
  headers: Headers;
  /** Decoded as success or as google.rpc.Status, according to status and content type. */
  // biome-ignore lint/suspicious/noExplicitAny: one of four messages
  body: Record<string, any>;
}

async function post(body: Buffer | string, type?: string, headers = {}): Promise<Answer> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
  });
  return answerOf(response);
}

async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  if (headers.get('content-type') !== PROTOBUF) {
    return { status, headers, body: JSON.parse(bytes.toString()) };
  }
  const type = response.ok ? ExportResponse : RpcStatus;
  return { status, headers, body: type.toObject(type.decode(bytes), { longs: Number }) };
}

describe('success', () => {
  test.each([
    ['protobuf', toProtobuf(spans), PROTOBUF],
    ['JSON', toJson(spans), JSON_TYPE],
    ['protobuf with a parameter', toProtobuf(spans), `${PROTOBUF}; charset=utf-8`],
    ['JSON with a parameter', toJson(spans), `${JSON_TYPE}; charset=utf-8`],
  ])('%s: the failure is kept, partial success unset', async (_name, body, type) => {
    const answer = await post(body, type);
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(Object.keys(answer.body)).toEqual([]);
    expect(answer.headers.get('content-type')).toBe(type.split(';')[0]);
    expect(sink.rows.failures.map((row) => row.node_id)).toEqual(['book_flight']);
    expect(traces.stats()).toEqual({
      requests: 1,
      receivedSpans: 2,
      keptSpans: 1,
      skippedSpans: 1,
      skippedFailures: [],
      rejectedSpans: 0,
    });
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('%s', async (encoding, compress) => {
    const answer = await post(compress(toProtobuf(spans)), PROTOBUF, {
      'content-encoding': encoding,
    });
    expect(answer.status).toBe(200);
    expect(sink.rows.failures).toHaveLength(1);
  });

  test('a large gzip body goes the asynchronous way', async () => {
    const noise = Array.from({ length: 180_000 }, (_, i) => ((i * 2654435761) >>> 13) & 0xff);
    const padded = Buffer.concat([
      toProtobuf(spans),
      // Field 15 of the request, which nobody knows.
      Buffer.from([0x7a, 0xa0, 0xfe, 0x0a]),
      Buffer.from(noise),
    ]);
    const body = gzipSync(padded, { level: 0 });
    expect(body.length).toBeGreaterThan(128 * 1024);
    expect((await post(body, PROTOBUF, { 'content-encoding': 'gzip' })).status).toBe(200);
    expect(sink.rows.failures).toHaveLength(1);
  });

  test.each([
    ['protobuf', Buffer.alloc(0), PROTOBUF],
    ['JSON', Buffer.from('{}'), JSON_TYPE],
  ])('an empty request in %s', async (_name, body, type) => {
    expect(await post(body, type)).toMatchObject({ status: 200, body: {} });
  });
});

describe('partial success', () => {
  test('protobuf: good spans of a mixed batch are kept, the rest is reported', async () => {
    const answer = await post(encodeRequest(mixed), PROTOBUF);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        partialSuccess: {
          rejectedSpans: 1,
          errorMessage: 'span 1 of the request: trace_id must be 16 bytes, not all zero',
        },
      },
    });
    expect(sink.rows.node_attempts.map((row) => row.span_id)).toEqual(['01'.repeat(8)]);
  });

  test('JSON: the count is text, as 64-bit integers are', async () => {
    const hex = [
      { ...badSpan, traceId: '', spanId: '' },
      { ...goodSpan, traceId: '01'.repeat(16), spanId: '01'.repeat(8) },
    ];
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: hex }] }] });
    expect((await post(body, JSON_TYPE)).body).toEqual({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage:
          'resourceSpans[0].scopeSpans[0].spans[0].traceId must be 32 hex digits, not all zero',
      },
    });
    expect(sink.rows.node_attempts).toHaveLength(1);
  });

  test('rows that the store will never take are rejected, not to be sent again', async () => {
    sink.failWith = new SinkRefused('Cannot parse input');
    const answer = await post(toProtobuf(spans), PROTOBUF);
    expect(answer.status).toBe(200);
    expect(answer.body.partialSuccess.rejectedSpans).toBe(1);
    expect(answer.body.partialSuccess.errorMessage).toMatch(/refused.*Cannot parse/);
    expect(traces.stats()).toMatchObject({ keptSpans: 0, skippedSpans: 1, rejectedSpans: 1 });
  });

  test('a snapshot that is not what its ref says is a warning', async () => {
    const attributes = [
      { key: 'graph.snapshot.ref', value: { stringValue: `sha256:${'0'.repeat(64)}` } },
      { key: 'graph.snapshot.body', value: { stringValue: '{}' } },
    ];
    const span = { ...goodSpan, events: [{ name: 'graph.snapshot', attributes }] };
    const body = encodeRequest({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    const { partialSuccess } = (await post(body, PROTOBUF)).body;
    expect(partialSuccess.rejectedSpans ?? 0).toBe(0);
    expect(partialSuccess.errorMessage).toContain('graph.snapshot.ref is not the SHA-256');
    expect(sink.rows.node_attempts).toHaveLength(1);
    expect(sink.rows.graph_snapshots).toHaveLength(0);
  });
});

describe('bad input', () => {
  const truncated = toProtobuf(spans).subarray(0, -5);

  test.each([
    ['truncated protobuf', truncated, PROTOBUF, {}, 400, /truncated protobuf.*byte \d+/],
    ['rubbish as protobuf', 'hello there', PROTOBUF, {}, 400, /at byte/],
    ['rubbish as JSON', 'hello there', JSON_TYPE, {}, 400, /not JSON/],
    ['an empty body as JSON', '', JSON_TYPE, {}, 400, /not JSON/],
    [
      'JSON with wrong types',
      '{"resourceSpans":{}}',
      JSON_TYPE,
      {},
      400,
      /resourceSpans: expected an array/,
    ],
    [
      'protobuf that is no gzip',
      truncated,
      PROTOBUF,
      { 'content-encoding': 'gzip' },
      400,
      /not gzip/,
    ],
    ['JSON that is no gzip', '{}', JSON_TYPE, { 'content-encoding': 'gzip' }, 400, /not gzip/],
    ['another content type', 'a=1', 'text/plain', {}, 415, /expected application\/x-protobuf or/],
    ['no content type', 'a=1', undefined, {}, 415, /got none/],
    [
      'another encoding',
      '{}',
      JSON_TYPE,
      { 'content-encoding': 'br' },
      415,
      /expected gzip.*got br/,
    ],
    ['another encoding, protobuf', 'x', PROTOBUF, { 'content-encoding': 'br' }, 415, /got br/],
    ['a body over the limit', Buffer.alloc(LIMIT + 1), PROTOBUF, {}, 413, /more than 262144 bytes/],
    [
      'a gzip bomb large enough for the asynchronous way',
      gzipSync(Buffer.concat([randomBytes(140 * 1024), Buffer.alloc(LIMIT * 20)])),
      PROTOBUF,
      { 'content-encoding': 'gzip' },
      413,
      /more than 262144 bytes after decompression/,
    ],
    [
      'a gzip bomb',
      gzipSync(Buffer.alloc(LIMIT * 20)),
      PROTOBUF,
      { 'content-encoding': 'gzip' },
      413,
      /more than 262144 bytes after decompression/,
    ],
  ])('%s', async (_name, body, type, headers, status, message) => {
    const answer = await post(body, type, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toMatch(message);
    expect(answer.headers.get('content-type')).toBe(type === PROTOBUF ? PROTOBUF : JSON_TYPE);
    const details = status === 400 ? ['details'] : [];
    expect(Object.keys(answer.body).sort()).toEqual(['code', ...details, 'message']);
    expect(traces.stats().keptSpans).toBe(0);
  });

  test('an endless body is cut off at the limit', async () => {
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${PROTOBUF}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    const chunk = Buffer.concat([
      Buffer.from('10000\r\n'),
      Buffer.alloc(0x10000),
      Buffer.from('\r\n'),
    ]);
    while (!answer.includes('413') && !socket.destroyed) {
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
      await new Promise(setImmediate);
    }
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  test.each(
    ['GET', 'PUT', 'DELETE', 'PATCH'].flatMap((method) => [
      [method, '/v1/traces'],
      [method, '/v1/logs'],
    ]),
  )('%s is not allowed at %s', async (method, path) => {
    const response = await fetch(`${url}${path}`, { method });
    expect(response.headers.get('allow')).toBe('POST');
    expect(await answerOf(response)).toMatchObject({ status: 405, body: { code: 12 } });
  });

  test('nothing is elsewhere', async () => {
    const headers = { 'content-type': PROTOBUF };
    const response = await fetch(`${url}/v1/nothing`, { method: 'POST', body: 'x', headers });
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ status: 404, body: { code: 5 } });
  });

  test.each([
    [PROTOBUF, toProtobuf(spans)],
    [JSON_TYPE, toJson(spans)],
  ])('503 with Retry-After while rows cannot be stored (%s)', async (type, body) => {
    sink.failWith = new SinkUnavailable('connect ECONNREFUSED');
    const answer = await post(body, type);
    expect(answer).toMatchObject({ status: 503, body: { code: 14 } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(traces.stats().keptSpans).toBe(0);
    sink.failWith = undefined;
    expect((await post(body, type)).status).toBe(200);
    expect(sink.rows.failures).toHaveLength(1);
  });

  test('nothing that is kept means nothing to store', async () => {
    sink.failWith = new SinkUnavailable('down');
    const body = toProtobuf(recordSpans((tracer) => plainSpan(tracer)));
    expect((await post(body, PROTOBUF)).status).toBe(200);
  });
});

describe('health', () => {
  test('healthz and readyz', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    notReady = 'ClickHouse cannot be reached';
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not ready', reason: notReady });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe("OpenTelemetry's exporters", () => {
  const exporters = { JSON: JsonExporter, protobuf: ProtoExporter };

  async function send(kind: keyof typeof exporters, compression: CompressionAlgorithm) {
    const exporter = new exporters[kind]({ url: `${url}/v1/traces`, compression });
    const result = await new Promise<{ code: number; error?: Error }>((resolve) =>
      exporter.export(spans as ReadableSpan[], resolve),
    );
    await exporter.shutdown();
    return result;
  }

  test.each([
    ['JSON', CompressionAlgorithm.NONE],
    ['JSON', CompressionAlgorithm.GZIP],
    ['protobuf', CompressionAlgorithm.NONE],
    ['protobuf', CompressionAlgorithm.GZIP],
  ] as const)('%s, compression %s', async (kind, compression) => {
    expect(await send(kind, compression)).toEqual({ code: 0 });
    expect(sink.rows.failures).toHaveLength(1);
    expect(sink.rows.failures[0]).toMatchObject({
      error_type: 'SoldOutError',
      error_message: 'no seat left',
      attempt: 2,
    });
  });

  test('send again after a 503, and the failure arrives', async () => {
    sink.failWith = new SinkUnavailable('restarting');
    let refusals = 0;
    app.server.on('request', (_request, response) => {
      response.on('finish', () => {
        if (response.statusCode === 503) refusals++;
        sink.failWith = undefined;
      });
    });
    expect(await send('protobuf', CompressionAlgorithm.NONE)).toEqual({ code: 0 });
    expect(refusals).toBe(1);
    expect(sink.rows.failures).toHaveLength(1);
  });

  test('both encodings give the same rows', async () => {
    await send('JSON', CompressionAlgorithm.NONE);
    const fromJson = sink.rows;
    sink.rows = new MemorySink().rows;
    await send('protobuf', CompressionAlgorithm.GZIP);
    const untimed = (rows: typeof fromJson) =>
      JSON.parse(JSON.stringify(rows, (key, value) => (key === 'received_at' ? '' : value)));
    expect(untimed(sink.rows)).toEqual(untimed(fromJson));
  });
});
