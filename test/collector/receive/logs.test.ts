// Log requests through both doors, to the rows that are handed to the sink.
import { gzipSync } from 'node:zlib';
import { Client, credentials } from '@grpc/grpc-js';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SinkRefused, SinkUnavailable } from '../../../collector/queue/sink.ts';
import { type GrpcReceiver, startGrpcReceiver } from '../../../collector/receive/grpc.ts';
import { LogService } from '../../../collector/receive/logs.ts';
import { buildReceiver, type ReceiverOptions } from '../../../collector/receive/receiver.ts';
import { ingestAccess } from '../../../collector/serving/tokens.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import {
  exportLogs,
  inSpan,
  logException,
  logsToJson,
  logsToProtobuf,
  plainLog,
  recordLogs,
  SPAN_ID,
  TRACE_ID,
} from '../../support/sdk-logs.ts';
import { encodeLogs, LogsResponse, RpcStatus } from '../decode/otlp-proto.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const SERVICE = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const LIMIT = 256 * 1024;

const records = recordLogs((logger) => {
  plainLog(logger);
  logException(logger);
});
const tied = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2) };
const exception = [{ key: 'exception.type', value: { stringValue: 'E' } }];
const at = (...logRecords: object[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
const mixed = encodeLogs(
  at(
    { ...tied, attributes: exception },
    { ...tied, traceId: Buffer.alloc(3), attributes: exception },
  ),
);

let sink: MemorySink;
let service: LogService;
let app: FastifyInstance;
let url: string;
let grpc: GrpcReceiver;

async function listen(more: Partial<ReceiverOptions> = {}): Promise<void> {
  sink = new MemorySink();
  service = new LogService(sink);
  const options = {
    signals: [service],
    maxBodyBytes: LIMIT,
    logger: pino({ level: 'silent' }),
    ...more,
  };
  app = buildReceiver({ ...options, notReady: async () => undefined });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  grpc = await startGrpcReceiver({ ...options, host: '127.0.0.1', port: 0 });
}

async function close(): Promise<void> {
  await Promise.all([app.close(), grpc.close()]);
}

beforeEach(() => listen());
afterEach(close);

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: one of four messages
  body: Record<string, any>;
}

async function post(body: Buffer, type: string, headers = {}): Promise<Answer> {
  const response = await fetch(`${url}/v1/logs`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': type, ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const message = response.ok ? LogsResponse : RpcStatus;
  return {
    status: response.status,
    headers: response.headers,
    body:
      response.headers.get('content-type') === PROTOBUF
        ? message.toObject(message.decode(bytes), { longs: Number })
        : JSON.parse(bytes.toString()),
  };
}

async function call(body: Buffer): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
  const asItIs = (bytes: Buffer): Buffer => bytes;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(SERVICE, asItIs, asItIs, body, (error, answer) =>
        error ? reject(error) : resolve(answer!),
      );
    });
  } finally {
    client.close();
  }
}

const told = {
  trace_id: TRACE_ID,
  span_id: SPAN_ID,
  event_name: 'gen_ai.chat.exception',
  is_marked: true,
  error_type: 'SoldOutError',
  error_message: 'no seat left',
  agent_id: 'travel-agent',
  node_id: 'book_flight',
  timestamp: '2026-09-21 14:13:20.123456789',
};

describe('success', () => {
  test.each([
    ['protobuf', logsToProtobuf(records), PROTOBUF, {}],
    ['JSON', logsToJson(records), JSON_TYPE, {}],
    ['gzip', gzipSync(logsToProtobuf(records)), PROTOBUF, { 'content-encoding': 'gzip' }],
  ])('%s: the exception is kept, partial success unset', async (_name, body, type, headers) => {
    const answer = await post(body, type, headers);
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(Object.keys(answer.body)).toEqual([]);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(sink.rows.exception_records).toMatchObject([told]);
    expect(service.stats()).toEqual({
      requests: 1,
      receivedRecords: 2,
      keptRecords: 1,
      skippedRecords: 1,
      untiedRecords: 0,
      rejectedRecords: 0,
    });
  });

  test('gRPC', async () => {
    expect(await call(logsToProtobuf(records))).toHaveLength(0);
    expect(sink.rows.exception_records).toMatchObject([told]);
  });

  test.each([
    ['protobuf', Buffer.alloc(0), PROTOBUF],
    ['JSON', Buffer.from('{}'), JSON_TYPE],
  ])('an empty request in %s', async (_name, body, type) => {
    expect(await post(body, type)).toMatchObject({ status: 200, body: {} });
  });

  test('an exception of no span is skipped and counted, not rejected', async () => {
    expect((await post(encodeLogs(at({ attributes: exception })), PROTOBUF)).body).toEqual({});
    expect(service.stats()).toMatchObject({ skippedRecords: 1, untiedRecords: 1 });
    expect(sink.rows.exception_records).toEqual([]);
  });

  test('the three doors and a resend give one and the same row', async () => {
    await post(logsToProtobuf(records), PROTOBUF);
    await post(logsToJson(records), JSON_TYPE);
    await call(logsToProtobuf(records));
    const rows = sink.rows.exception_records.map(({ received_at: _, ...row }) => row);
    expect(rows).toHaveLength(3);
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).toEqual(rows[0]);
  });

  test('a record without any time keeps the time at which it came first', async () => {
    const seen = new Map<string, bigint>();
    Object.assign(sink, {
      receivedAt(traceId: string, spanId: string, now: bigint): bigint {
        const known = seen.get(traceId + spanId) ?? now;
        seen.set(traceId + spanId, known);
        return known;
      },
    });
    let now = 1_800_000_000_000_000_000n;
    const ticking = new LogService(sink, () => now++);
    const body = encodeLogs(at({ ...tied, attributes: exception }));
    await ticking.accept(body, 'protobuf');
    await ticking.accept(body, 'protobuf');
    const [first, second] = sink.rows.exception_records;
    expect(second).toEqual(first);
    expect([...seen.keys()]).toEqual(['01'.repeat(16) + '02'.repeat(8)]);
  });
});

describe('partial success', () => {
  const expected = {
    rejectedLogRecords: 1,
    errorMessage: 'log record 2 of the request: trace_id must be 16 bytes or absent',
  };

  test('protobuf', async () => {
    expect((await post(mixed, PROTOBUF)).body).toEqual({ partialSuccess: expected });
    expect(sink.rows.exception_records).toHaveLength(1);
    expect(service.stats()).toMatchObject({ keptRecords: 1, rejectedRecords: 1 });
  });

  test('gRPC', async () => {
    const answer = LogsResponse.toObject(LogsResponse.decode(await call(mixed)), { longs: Number });
    expect(answer).toEqual({ partialSuccess: expected });
  });

  test('JSON: the count is text', async () => {
    const wrong = at({ traceId: 'ab', spanId: '', attributes: exception });
    expect((await post(Buffer.from(JSON.stringify(wrong)), JSON_TYPE)).body).toEqual({
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage:
          'resourceLogs[0].scopeLogs[0].logRecords[0].traceId must be 32 hex digits or absent',
      },
    });
  });

  test('rows that the store will never take', async () => {
    sink.failWith = new SinkRefused('Cannot parse input');
    const { partialSuccess } = (await post(logsToProtobuf(records), PROTOBUF)).body;
    expect(partialSuccess).toMatchObject({
      rejectedLogRecords: 1,
      errorMessage: expect.stringMatching(/refused.*Cannot parse/),
    });
    expect(service.stats()).toMatchObject({
      keptRecords: 0,
      skippedRecords: 1,
      rejectedRecords: 1,
    });
  });
});

describe('refusals', () => {
  test.each([
    ['bad protobuf', mixed.subarray(0, -3), PROTOBUF, {}, 400],
    ['bad JSON', Buffer.from('{"resourceLogs":[{"scopeLogs":1}]}'), JSON_TYPE, {}, 400],
    ['another content type', Buffer.from('x'), 'text/plain', {}, 415],
    ['another encoding', Buffer.from('x'), PROTOBUF, { 'content-encoding': 'br' }, 415],
    ['too large', Buffer.alloc(LIMIT + 1), PROTOBUF, {}, 413],
    [
      'a gzip bomb',
      gzipSync(Buffer.alloc(LIMIT * 4)),
      PROTOBUF,
      { 'content-encoding': 'gzip' },
      413,
    ],
  ])('%s', async (_name, body, type, headers, status) => {
    expect(await post(body, type, headers)).toMatchObject({
      status,
      body: { message: expect.stringMatching(/./) },
    });
    expect(sink.rows.exception_records).toEqual([]);
  });

  test('503 with Retry-After and UNAVAILABLE while rows cannot be stored', async () => {
    sink.failWith = new SinkUnavailable('full');
    const answer = await post(logsToProtobuf(records), PROTOBUF);
    expect(answer).toMatchObject({ status: 503, body: { code: 14 } });
    expect(answer.headers.get('retry-after')).toBe('1');
    await expect(call(logsToProtobuf(records))).rejects.toMatchObject({ code: 14 });
    // Without an exception there is nothing to store.
    const plain = logsToProtobuf(recordLogs((logger) => plainLog(logger)));
    expect((await post(plain, PROTOBUF)).status).toBe(200);
  });

  test('without a token: 401 and UNAUTHENTICATED', async () => {
    await close();
    await listen({ access: ingestAccess(['right']) });
    expect((await post(mixed, PROTOBUF)).status).toBe(401);
    await expect(call(mixed)).rejects.toMatchObject({ code: 16 });
    const headers = { authorization: 'Bearer right' };
    expect((await post(mixed, PROTOBUF, headers)).status).toBe(200);
  });
});

describe("OpenTelemetry's exporters", () => {
  test.each([
    ['http', CompressionAlgorithm.NONE],
    ['http', CompressionAlgorithm.GZIP],
    ['proto', CompressionAlgorithm.NONE],
    ['proto', CompressionAlgorithm.GZIP],
    ['grpc', CompressionAlgorithm.NONE],
    ['grpc', CompressionAlgorithm.GZIP],
  ] as const)('%s, compression %s', async (kind, compression) => {
    const target = kind === 'grpc' ? `http://127.0.0.1:${grpc.port}` : `${url}/v1/logs`;
    expect(await exportLogs(kind, { url: target, compression }, records)).toEqual({ code: 0 });
    expect(sink.rows.exception_records).toMatchObject([told]);
  });

  test('an Error given to the SDK reports its type, message and stack', async () => {
    const error = new RangeError('too far');
    const made = recordLogs((logger) => logger.emit({ exception: error, context: inSpan() }));
    await exportLogs('proto', { url: `${url}/v1/logs` }, made);
    expect(sink.rows.exception_records).toMatchObject([
      { error_type: 'RangeError', error_message: 'too far', stack_trace: error.stack },
    ]);
  });
});
