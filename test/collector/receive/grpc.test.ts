import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  type CallOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { pino } from 'pino';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SinkUnavailable } from '../../../collector/queue/sink.ts';
import { BodyBudget } from '../../../collector/receive/body-budget.ts';
import { type GrpcReceiver, startGrpcReceiver } from '../../../collector/receive/grpc.ts';
import { LogService } from '../../../collector/receive/logs.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import { ingestAccess } from '../../../collector/serving/tokens.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { failNode, plainSpan, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';
import { ExportResponse, encodeRequest } from '../decode/otlp-proto.ts';

const LIMIT = 8 * 1024 * 1024;
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const { root } = protobuf.parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }`);

let sink: MemorySink;
let receiver: GrpcReceiver;
let client: Client;

async function listen(more: Partial<Parameters<typeof startGrpcReceiver>[0]> = {}): Promise<void> {
  sink = new MemorySink();
  receiver = await startGrpcReceiver({
    signals: [new TraceService(sink, 'agents'), new LogService(sink)],
    host: '127.0.0.1',
    port: 0,
    maxBodyBytes: LIMIT,
    logger: pino({ level: 'silent' }),
    ...more,
  });
  client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure());
}

beforeEach(() => listen());
afterEach(stop);

async function stop(): Promise<void> {
  client.close();
  await receiver.close();
}

const asItIs = (bytes: Buffer): Buffer => bytes;

function call(
  body: Buffer,
  metadata = new Metadata(),
  { path = TRACES, ...options }: CallOptions & { path?: string } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asItIs, asItIs, body, metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    );
  });
}

const refused = (...args: Parameters<typeof call>): Promise<ServiceError> =>
  call(...args).then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: ServiceError) => error,
  );

const spans = recordSpans((tracer) => {
  plainSpan(tracer);
  failNode(tracer);
});
const badSpan = { traceId: Buffer.alloc(16), spanId: Buffer.alloc(8), name: 'execute_node x' };

/** A request with `bytes` of padding in a field that nobody knows. */
function padded(bytes: number): Buffer {
  const field = protobuf.Writer.create().uint32(0x7a).bytes(Buffer.alloc(bytes)).finish();
  return Buffer.concat([toProtobuf(spans), field]);
}

describe('success', () => {
  test('the failure is kept, partial success unset', async () => {
    expect(await call(toProtobuf(spans))).toHaveLength(0);
    expect(sink.rows.failures.map((row) => row.node_id)).toEqual(['book_flight']);
  });

  test('an empty request', async () => {
    expect(await call(Buffer.alloc(0))).toHaveLength(0);
  });

  test('partial success says what was rejected', async () => {
    const body = encodeRequest({ resourceSpans: [{ scopeSpans: [{ spans: [badSpan] }] }] });
    const answer = ExportResponse.toObject(ExportResponse.decode(await call(body)), {
      longs: Number,
    });
    expect(answer.partialSuccess).toMatchObject({
      rejectedSpans: 1,
      errorMessage: expect.stringContaining('trace_id must be 16 bytes'),
    });
  });

  test('a message larger than the 4 MiB that gRPC allows by itself', async () => {
    await call(padded(6 * 1024 * 1024));
    expect(sink.rows.failures).toHaveLength(1);
  });

  test('gzip', async () => {
    client.close();
    client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    await call(padded(1024 * 1024));
    expect(sink.rows.failures).toHaveLength(1);
  });

  test.each([CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP])(
    "OpenTelemetry's exporter, compression %s",
    async (compression) => {
      const url = `http://127.0.0.1:${receiver.port}`;
      const exporter = new OTLPTraceExporter({ url, compression });
      const result = await new Promise((resolve) => exporter.export(spans, resolve));
      await exporter.shutdown();
      expect(result).toEqual({ code: 0 });
      expect(sink.rows.failures[0]).toMatchObject({ error_type: 'SoldOutError', attempt: 2 });
    },
  );
});

describe('refusals', () => {
  test('bad data: INVALID_ARGUMENT with the place, not to be sent again', async () => {
    const error = await refused(toProtobuf(spans).subarray(0, -5));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toMatch(/truncated protobuf.*byte \d+/);
    expect(error.metadata.get('grpc-status-details-bin')).toEqual([]);
  });

  test('rows that cannot be stored now: UNAVAILABLE with RetryInfo of a second', async () => {
    sink.failWith = new SinkUnavailable('connect ECONNREFUSED');
    const error = await refused(toProtobuf(spans));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, details: /cannot be stored now/ });
    expect(retryInfo(error)).toEqual({ code: status.UNAVAILABLE, seconds: 1 });
    sink.failWith = undefined;
    await call(toProtobuf(spans));
    expect(sink.rows.failures).toHaveLength(1);
  });

  test('too many bytes in memory: UNAVAILABLE with RetryInfo', async () => {
    await stop();
    await listen({ budget: new BodyBudget(10) });
    expect(retryInfo(await refused(toProtobuf(spans)))).toEqual({
      code: status.UNAVAILABLE,
      seconds: 1,
    });
  });

  test('too large: RESOURCE_EXHAUSTED without RetryInfo', async () => {
    const error = await refused(padded(LIMIT + 1));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(error.metadata.get('grpc-status-details-bin')).toEqual([]);
  });

  test('a gzip bomb: RESOURCE_EXHAUSTED', async () => {
    client.close();
    client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    const bomb = padded(LIMIT * 4);
    expect(gzipSync(bomb).length).toBeLessThan(LIMIT);
    expect((await refused(bomb)).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(sink.rows.failures).toHaveLength(0);
  });

  test.each([
    ['missing', undefined],
    ['wrong', `Bearer ${randomBytes(8).toString('hex')}`],
    ['of another scheme', 'Basic right'],
  ])('a token that is %s: UNAUTHENTICATED', async (_name, authorization) => {
    await stop();
    await listen({ access: ingestAccess(['right']) });
    const metadata = new Metadata();
    if (authorization) metadata.set('authorization', authorization);
    const error = await refused(toProtobuf(spans), metadata);
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(sink.rows.failures).toHaveLength(0);
    metadata.set('authorization', 'Bearer right');
    await call(toProtobuf(spans), metadata);
    expect(sink.rows.failures).toHaveLength(1);
  });

  test.each(['metrics.v1.MetricsService', 'logs.v2.LogsService', 'trace.v2.TraceService'])(
    '%s: UNIMPLEMENTED',
    async (service) => {
      const path = `/opentelemetry.proto.collector.${service}/Export`;
      expect((await refused(Buffer.alloc(0), new Metadata(), { path })).code).toBe(
        status.UNIMPLEMENTED,
      );
    },
  );

  test('a port in use is known by the code of its error', async () => {
    const { port } = receiver;
    await expect(
      startGrpcReceiver({
        signals: [new TraceService(sink, 'agents'), new LogService(sink)],
        host: '127.0.0.1',
        port,
        maxBodyBytes: LIMIT,
        logger: pino({ level: 'silent' }),
      }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

function retryInfo(error: ServiceError): { code: number; seconds: number } {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  // biome-ignore lint/suspicious/noExplicitAny: messages of a schema that is parsed above
  const told = root.lookupType('Status').decode(bytes as Buffer) as any;
  expect(told.details[0].type_url ?? told.details[0].typeUrl).toBe(
    'type.googleapis.com/google.rpc.RetryInfo',
  );
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const info = root.lookupType('RetryInfo').decode(told.details[0].value) as any;
  return { code: told.code, seconds: Number(info.retryDelay.seconds) };
}
