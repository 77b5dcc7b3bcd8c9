// OTLP 1.11 (opentelemetry-proto, docs/specification.md), sentence by sentence: every MUST, SHOULD and
// RECOMMENDED, tried over real sockets against a running collector. What is not a receiver's to do, or
// is left out on purpose, is in the table too, with the reason.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Collector, type CollectorOptions, startCollector } from '../../../collector/index.ts';
import { readSettings } from '../../../deploy/settings.ts';
import {
  type Answer,
  anyOf,
  byEncoding,
  bySignal,
  CONTENT_TYPES,
  call,
  detailsOf,
  dial,
  type Encoding,
  GRPC_GZIP,
  GZIP,
  goodSpan,
  JSON_TYPE,
  json,
  jsonRecord,
  jsonSpan,
  LOGS,
  ofRecords,
  ofSpans,
  PROTOBUF,
  padded,
  post,
  records,
  refused,
  type Signal,
  spans,
  TRACES,
  unary,
  withClient,
} from '../../support/otlp-wire.ts';
import { exportLogs } from '../../support/sdk-logs.ts';
import { BadRequest, ExportResponse, encodeRequest, RetryInfo } from '../decode/otlp-proto.ts';

const MIB = 1024 * 1024;
/** What the specification recommends for a response at most. */
const RESPONSE_LIMIT = 4 * MIB;

let folder: string;
/** As it starts by default. */
let collector: Collector;
/** One whose queue is full and whose bodies are small. */
let full: Collector;
/** One that wants a token, and headers soon. */
let strict: Collector;
const SMALL_MIB = 1;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-conformance-'));
  const defaultMib = readSettings({}, {})['max-body-mib'];
  collector = await open('default', { maxBodyMib: defaultMib });
  full = await open('full', {
    maxBodyMib: SMALL_MIB,
    queue: { folder: join(folder, 'full'), maxBytes: 1, flushMs: 0 },
  });
  // A request alone may be larger than the queue; after it there is no room.
  expect((await post(full, TRACES, 'protobuf', TRACES.good.protobuf)).status).toBe(200);
  strict = await open('strict', { ingestTokens: ['right'], limits: { headersTimeoutMs: 100 } });
});

afterAll(async () => {
  await Promise.all([collector, full, strict].map((opened) => opened?.close()));
  await rm(folder, { recursive: true, force: true });
  print();
});

/** Nothing here needs ClickHouse: what is acknowledged is in the queue. */
function open(name: string, over: Partial<CollectorOptions>): Promise<Collector> {
  return startCollector({
    host: '127.0.0.1',
    otlpHttpPort: 0,
    otlpGrpcPort: 0,
    clickhouse: { url: 'http://127.0.0.1:9', username: 'x', password: 'x', database: 'x' },
    keep: 'agents',
    maxBodyMib: 64,
    queue: { folder: join(folder, name), maxBytes: 256 * MIB, flushMs: 0 },
    logger: pino({ level: 'silent' }),
    ...over,
  });
}

async function exportAll(compression: CompressionAlgorithm): Promise<void> {
  const http = (signal: Signal) => `${collector.url}${signal.path}`;
  const exporters = [
    new JsonExporter({ url: http(TRACES), compression }),
    new ProtobufExporter({ url: http(TRACES), compression }),
    new GrpcExporter({ url: collector.grpcUrl!, compression }),
  ];
  for (const exporter of exporters) {
    const result = await new Promise((resolve) => exporter.export(spans, resolve));
    await exporter.shutdown();
    expect(result).toEqual({ code: 0 });
  }
  const url = http(LOGS);
  expect(await exportLogs('http', { url, compression }, records)).toEqual({ code: 0 });
  expect(await exportLogs('proto', { url, compression }, records)).toEqual({ code: 0 });
  const grpcUrl = collector.grpcUrl!;
  expect(await exportLogs('grpc', { url: grpcUrl, compression }, records)).toEqual({ code: 0 });
}

async function keeps(signal: Signal, count: number, send: () => Promise<unknown>): Promise<void> {
  const before = signal.kept(collector.stats());
  await send();
  expect(signal.kept(collector.stats()) - before).toBe(count);
}

type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'RECOMMENDED' | 'said';
type Try = () => Promise<void>;
/** A requirement, and how it is tried or why it is not. */
type Row = [level: Level, requirement: string, tryIt: Try | string];

const CLIENT = 'a rule for clients';
const PROTOCOL = 'a rule for future versions of the protocol';

/** Requests that fail over HTTP, each with its status code. */
const failures: Record<number, (signal: Signal, encoding: Encoding) => Promise<Answer>> = {
  400: (signal, encoding) => post(collector, signal, encoding, Buffer.from('rubbish')),
  401: (signal, encoding) => post(strict, signal, encoding, signal.good[encoding]),
  404: (signal, encoding) =>
    post(collector, { ...signal, path: '/v1/metrics' }, encoding, Buffer.alloc(0)),
  405: (signal, encoding) => post(collector, signal, encoding, Buffer.alloc(0), {}, 'PUT'),
  413: (signal, encoding) => post(full, signal, encoding, Buffer.alloc(SMALL_MIB * MIB + 1)),
  415: (signal, encoding) =>
    post(collector, signal, encoding, Buffer.from('x'), { 'content-encoding': 'br' }),
  503: (signal, encoding) => post(full, signal, encoding, signal.good[encoding]),
};

const unavailable = bySignal(async (signal) => {
  const error = await refused(call(full, signal, signal.good.protobuf));
  expect(error.code).toBe(status.UNAVAILABLE);
});

const partialOverHttp = byEncoding(async (signal, encoding) => {
  await keeps(signal, 1, async () => {
    const { status, body } = await post(collector, signal, encoding, signal.mixed[encoding]);
    expect(status).toBe(200);
    expect(Number(body.partialSuccess[signal.rejectedField])).toBe(1);
    expect(body.partialSuccess.errorMessage).toMatch(/must be \d+ (bytes|hex digits)/);
  });
});

const partialOverGrpc = bySignal(async (signal) => {
  await keeps(signal, 1, async () => {
    const answer = await call(collector, signal, signal.mixed.protobuf);
    const { partialSuccess } = signal.response.toObject(signal.response.decode(answer), {
      longs: Number,
    });
    expect(partialSuccess[signal.rejectedField]).toBe(1);
    expect(partialSuccess.errorMessage).toMatch(/must be \d+ bytes/);
  });
});

const fullOverHttp = byEncoding(async (signal, encoding) => {
  await keeps(signal, 1, async () => {
    const answer = await post(collector, signal, encoding, signal.good[encoding]);
    expect(answer.status).toBe(200);
    expect(answer.bytes.toString()).toBe(encoding === 'json' ? '{}' : '');
  });
});

const fullOverGrpc = bySignal((signal) =>
  keeps(signal, 1, async () => {
    expect(await call(collector, signal, signal.good.protobuf)).toHaveLength(0);
  }),
);

/** Accepted, with something to say: a snapshot that is not what its ref says. */
const warned = encodeRequest(
  ofSpans({
    ...goodSpan,
    events: [
      {
        name: 'graph.snapshot',
        attributes: [
          { key: 'graph.snapshot.ref', value: { stringValue: `sha256:${'0'.repeat(64)}` } },
          { key: 'graph.snapshot.body', value: { stringValue: '{}' } },
        ],
      },
    ],
  }),
);

function expectWarning(partialSuccess: Record<string, unknown>): void {
  expect(partialSuccess.rejectedSpans ?? 0).toBe(0);
  expect(partialSuccess.errorMessage).toContain('graph.snapshot.ref is not the SHA-256');
}

const configurable: Try = bySignal(async (signal) => {
  const large = padded(signal.good.protobuf, SMALL_MIB * MIB + 1);
  expect((await post(full, signal, 'protobuf', large)).status).toBe(413);
  const error = await refused(call(full, signal, large));
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  expect((await post(collector, signal, 'protobuf', large)).status).toBe(200);
  expect(await call(collector, signal, large)).toHaveLength(0);
});

const SPECIFICATION: Record<string, Row[]> = {
  'Protocol Details': [
    ['MUST', 'bodies without compression', () => exportAll(CompressionAlgorithm.NONE)],
    ['MUST', 'bodies with gzip', () => exportAll(CompressionAlgorithm.GZIP)],
    [
      'MUST',
      'no compression is also told by its name "none"',
      byEncoding(async (signal, encoding) => {
        const headers = { 'content-encoding': 'none' };
        const answer = await post(collector, signal, encoding, signal.good[encoding], headers);
        expect(answer.status).toBe(200);
      }),
    ],
  ],
  'OTLP/gRPC Request': [
    [
      'MUST',
      'a limit for the message',
      bySignal(async (signal) => {
        const large = padded(signal.good.protobuf, SMALL_MIB * MIB + 1);
        expect((await refused(call(full, signal, large))).code).toBe(status.RESOURCE_EXHAUSTED);
      }),
    ],
    [
      'MUST',
      'a limit for the message after decompression',
      bySignal(async (signal) => {
        const bomb = padded(signal.good.protobuf, SMALL_MIB * MIB + 1);
        const error = await withClient(full, GRPC_GZIP, (client) =>
          refused(unary(client, signal.service, bomb)),
        );
        expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
      }),
    ],
    [
      'RECOMMENDED',
      '64 MiB by default',
      async () => {
        const largest = padded(TRACES.good.protobuf, 64 * MIB);
        expect(await call(collector, TRACES, largest)).toHaveLength(0);
        const larger = padded(TRACES.good.protobuf, 64 * MIB + 1);
        expect((await refused(call(collector, TRACES, larger))).code).toBe(
          status.RESOURCE_EXHAUSTED,
        );
      },
    ],
    ['SHOULD', 'the limit can be set', configurable],
    [
      'MUST',
      'above the limit RESOURCE_EXHAUSTED, not to be retried: without RetryInfo',
      bySignal(async (signal) => {
        const large = padded(signal.good.protobuf, SMALL_MIB * MIB + 1);
        const error = await refused(call(full, signal, large));
        expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
        expect(detailsOf(error)).toEqual([]);
      }),
    ],
    ['SHOULD', 'the client limits its requests', CLIENT],
    ['RECOMMENDED', "64 MiB by default for the client's limit", CLIENT],
    ['SHOULD', "the client's limit can be set", CLIENT],
    ['MUST NOT', 'the client sends requests above its limit', CLIENT],
    ['SHOULD', 'the client records what it discarded', CLIENT],
  ],
  'OTLP/gRPC Concurrent Requests': [
    [
      'SHOULD',
      'concurrent unary calls',
      bySignal((signal) =>
        keeps(signal, 50, () =>
          withClient(collector, {}, (client) =>
            Promise.all(
              Array.from({ length: 50 }, () => unary(client, signal.service, signal.good.protobuf)),
            ),
          ),
        ),
      ),
    ],
    ['SHOULD', 'the client does not wait for earlier responses', CLIENT],
    ['SHOULD', 'the number of concurrent requests can be set', CLIENT],
    ['SHOULD', 'waiting at shutdown can be turned off', CLIENT],
    ['SHOULD', 'the client records what it could not deliver', CLIENT],
  ],
  'OTLP/gRPC Response': [
    [
      'MUST',
      'the appropriate message in each case',
      async () => {
        await fullOverGrpc();
        await partialOverGrpc();
        await unavailable();
      },
    ],
    ['MUST', 'the client limits responses', CLIENT],
    ['SHOULD', "the client's limit of responses can be set", CLIENT],
    ['MUST', 'the client does not retry after a response above its limit', CLIENT],
    [
      'MUST',
      'the response is limited',
      bySignal(async (signal) => {
        const answer = await call(collector, signal, signal.rejected(20_000));
        expect(answer.length).toBeLessThan(RESPONSE_LIMIT);
      }),
    ],
    [
      'RECOMMENDED',
      '4 MiB for a response by default',
      bySignal(async (signal) => {
        const answer = await call(collector, signal, signal.rejected(20_000));
        expect(answer.length).toBeLessThan(RESPONSE_LIMIT);
      }),
    ],
    [
      'SHOULD',
      'the limit of responses can be set',
      'left out: a response never has more than some 8 KiB',
    ],
    [
      'SHOULD',
      'a partial success is shortened without another meaning: all are counted, some named',
      bySignal(async (signal) => {
        const answer = await call(collector, signal, signal.rejected(20_000));
        const { partialSuccess } = signal.response.toObject(signal.response.decode(answer), {
          longs: Number,
        });
        expect(partialSuccess[signal.rejectedField]).toBe(20_000);
        expect(partialSuccess.errorMessage.length).toBeLessThan(8 * 1024);
      }),
    ],
    ['MUST', 'RESOURCE_EXHAUSTED when a response cannot fit', 'does not apply: it always fits'],
  ],
  'OTLP/gRPC Full Success': [
    [
      'SHOULD',
      'an empty request succeeds',
      bySignal(async (signal) => {
        for (const body of signal.empty.protobuf) {
          expect(await call(collector, signal, body)).toHaveLength(0);
        }
      }),
    ],
    ['MUST', 'the response is an Export<signal>ServiceResponse', fullOverGrpc],
    ['MUST', 'partial_success is unset', fullOverGrpc],
  ],
  'OTLP/gRPC Partial Success': [
    ['MUST', 'the response is an Export<signal>ServiceResponse', partialOverGrpc],
    ['MUST', 'partial_success is set', partialOverGrpc],
    ['MUST', 'rejected_<signal> is the number of rejected items', partialOverGrpc],
    ['SHOULD', 'error_message says why, in English', partialOverGrpc],
    [
      'MUST',
      'with a warning, rejected_<signal> is 0',
      async () => {
        const answer = ExportResponse.decode(await call(collector, TRACES, warned));
        expectWarning(ExportResponse.toObject(answer).partialSuccess);
      },
    ],
    [
      'MUST',
      'with a warning, error_message is not empty',
      async () => {
        const answer = ExportResponse.decode(await call(collector, TRACES, warned));
        expectWarning(ExportResponse.toObject(answer).partialSuccess);
      },
    ],
    ['MUST NOT', 'the client retries after a partial success', CLIENT],
  ],
  'OTLP/gRPC Failures': [
    ['SHOULD', 'the client records retryable errors', CLIENT],
    ['MUST NOT', 'the client retries after errors that are not retryable', CLIENT],
    ['MUST', 'the client drops data after errors that are not retryable', CLIENT],
    ['SHOULD', 'the client counts dropped data', CLIENT],
    ['SHOULD', 'retryable errors are UNAVAILABLE', unavailable],
    [
      'RECOMMENDED',
      'bad data is INVALID_ARGUMENT, not to be retried',
      bySignal(async (signal) => {
        const error = await refused(call(collector, signal, signal.good.protobuf.subarray(0, -3)));
        expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: /at byte \d+/ });
        expect(detailsOf(error).filter(({ type }) => type === 'google.rpc.RetryInfo')).toEqual([]);
      }),
    ],
    ['SHOULD', 'the client takes codes as the table has them', CLIENT],
    [
      'said',
      'signals that are not taken are UNIMPLEMENTED, which is not retryable',
      async () => {
        for (const service of ['metrics.v1.MetricsService', 'profiles.v1.ProfilesService']) {
          const named = { service: `opentelemetry.proto.collector.${service}` };
          const error = await refused(call(collector, named, Buffer.alloc(0)));
          expect(error.code).toBe(status.UNIMPLEMENTED);
        }
      },
    ],
    ['SHOULD', 'the client backs off exponentially', CLIENT],
    ['SHOULD', 'the client retries RESOURCE_EXHAUSTED only with RetryInfo', CLIENT],
    ['SHOULD', 'RESOURCE_EXHAUSTED without RetryInfo is not retried', CLIENT],
  ],
  'OTLP/gRPC Throttling': [
    ['SHOULD', 'a receiver that cannot keep up says so', unavailable],
    ['MUST', 'the client throttles itself', CLIENT],
    ['SHOULD', 'it says so with UNAVAILABLE', unavailable],
    ['SHOULD', 'the client follows RetryInfo', CLIENT],
    [
      'SHOULD',
      'retry_delay lets the receiver recover, and is short enough to lose no data',
      bySignal(async (signal) => {
        const error = await refused(call(full, signal, signal.good.protobuf));
        const [detail] = detailsOf(error);
        expect(detail!.type).toBe('google.rpc.RetryInfo');
        const { retryDelay } = RetryInfo.toObject(RetryInfo.decode(detail!.value), {
          longs: Number,
        });
        // OpenTelemetry's exporters give up after 10 s in all.
        expect(retryDelay.seconds).toBeGreaterThanOrEqual(1);
        expect(retryDelay.seconds).toBeLessThanOrEqual(2);
      }),
    ],
  ],
  'OTLP/gRPC and OTLP/HTTP Default Port': [
    [
      'said',
      '4317 for gRPC, 4318 for HTTP',
      async () => {
        const defaults = readSettings({}, {});
        expect(defaults['otlp-grpc-port']).toBe(4317);
        expect(defaults['otlp-http-port']).toBe(4318);
      },
    ],
  ],
  'OTLP/HTTP': [
    ['SHOULD', 'HTTP/2 falls back to HTTP/1.1', 'does not apply: HTTP/1.1 is the only transport'],
  ],
  'Binary Protobuf Encoding': [
    [
      'MUST',
      'protobuf responses have Content-Type application/x-protobuf',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'protobuf', signal.mixed.protobuf);
        expect(answer.headers.get('content-type')).toBe(PROTOBUF);
      }),
    ],
  ],
  'JSON Protobuf Encoding': [
    [
      'said',
      'ids are hex, in either case',
      bySignal((signal) =>
        keeps(signal, 1, () => post(collector, signal, 'json', signal.mixed.json)),
      ),
    ],
    [
      'MUST',
      'enums are integers',
      async () => {
        const failed = { key: 'gen_ai.agent.id', value: { stringValue: 'a' } };
        const named = { ...jsonSpan, name: 'chat', attributes: [failed] };
        await keeps(TRACES, 1, () =>
          post(
            collector,
            TRACES,
            'json',
            json(ofSpans({ ...named, kind: 3, status: { code: 2 } })),
          ),
        );
        await keeps(LOGS, 1, () =>
          post(collector, LOGS, 'json', json(ofRecords({ ...jsonRecord, severityNumber: 17 }))),
        );
      },
    ],
    [
      'MUST NOT',
      'names of enums are used',
      'a rule for senders; their names are taken all the same',
    ],
    [
      'MUST',
      'unknown fields are ignored, as if they were not there',
      async () => {
        const span = { ...jsonSpan, somethingNew: { a: [1] }, name: 'execute_node' };
        const record = { ...jsonRecord, somethingNew: 'x' };
        for (const [signal, request] of [
          [TRACES, { ...ofSpans(span), somethingNew: 1 }],
          [LOGS, { ...ofRecords(record), somethingNew: [] }],
        ] as const) {
          await keeps(signal, 1, async () => {
            const answer = await post(collector, signal, 'json', json(request));
            expect(answer).toMatchObject({ status: 200, body: {} });
          });
        }
      },
    ],
    [
      'said',
      'fields are in lowerCamelCase only: original names are unknown fields',
      async () => {
        const { traceId, ...rest } = jsonSpan;
        const { body } = await post(
          collector,
          TRACES,
          'json',
          json(ofSpans({ ...rest, trace_id: traceId })),
        );
        expect(body.partialSuccess.rejectedSpans).toBe('1');
        const snake = json({ resource_logs: ofRecords(jsonRecord).resourceLogs });
        await keeps(LOGS, 0, () => post(collector, LOGS, 'json', snake));
      },
    ],
    [
      'said',
      '64-bit integers are text or numbers',
      async () => {
        for (const time of ['1790000000123456789', 1790000000123456800]) {
          const span = { ...jsonSpan, startTimeUnixNano: time, endTimeUnixNano: time };
          const record = { ...jsonRecord, timeUnixNano: time };
          await keeps(TRACES, 1, () => post(collector, TRACES, 'json', json(ofSpans(span))));
          await keeps(LOGS, 1, () => post(collector, LOGS, 'json', json(ofRecords(record))));
        }
      },
    ],
    [
      'MUST',
      'JSON responses have Content-Type application/json',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'json', signal.mixed.json);
        expect(answer.headers.get('content-type')).toBe(JSON_TYPE);
      }),
    ],
  ],
  'OTLP/HTTP Request': [
    [
      'said',
      'POST to /v1/traces and /v1/logs; /v1/metrics and profiles are not taken: 404, not retryable',
      async () => {
        await fullOverHttp();
        for (const path of ['/v1/metrics', '/v1development/profiles']) {
          const { status } = await post(collector, { ...TRACES, path }, 'json', json({}));
          expect(status).toBe(404);
        }
      },
    ],
    ['MUST', 'the client names gzip in Content-Encoding', CLIENT],
    [
      'MUST',
      'a limit for the body',
      byEncoding(async (signal, encoding) => {
        expect((await failures[413]!(signal, encoding)).status).toBe(413);
      }),
    ],
    [
      'MUST',
      'a limit for the body after decompression',
      byEncoding(async (signal, encoding) => {
        const bomb = gzipSync(Buffer.alloc(SMALL_MIB * MIB + 1, ' '));
        expect((await post(full, signal, encoding, bomb, GZIP)).status).toBe(413);
      }),
    ],
    [
      'RECOMMENDED',
      '64 MiB by default',
      async () => {
        const largest = padded(TRACES.good.protobuf, 64 * MIB);
        expect((await post(collector, TRACES, 'protobuf', largest)).status).toBe(200);
        const larger = padded(TRACES.good.protobuf, 64 * MIB + 1);
        expect((await post(collector, TRACES, 'protobuf', larger)).status).toBe(413);
      },
    ],
    ['SHOULD', 'the limit can be set', configurable],
    [
      'MUST',
      'above the limit 413',
      byEncoding(async (signal, encoding) => {
        const answer = await failures[413]!(signal, encoding);
        expect(answer).toMatchObject({ status: 413, body: { message: /more than \d+ bytes/ } });
      }),
    ],
    ['SHOULD', 'the client limits its requests', CLIENT],
    ['RECOMMENDED', "64 MiB by default for the client's limit", CLIENT],
    ['SHOULD', "the client's limit can be set", CLIENT],
    ['MUST NOT', 'the client sends requests above its limit', CLIENT],
    ['SHOULD', 'the client records what it discarded', CLIENT],
  ],
  'OTLP/HTTP Response': [
    [
      'MUST',
      'the appropriate message in each case',
      async () => {
        await fullOverHttp();
        await partialOverHttp();
      },
    ],
    ['MUST', 'the client limits responses', CLIENT],
    ['RECOMMENDED', "4 MiB by default for the client's limit of responses", CLIENT],
    ['SHOULD', "the client's limit of responses can be set", CLIENT],
    ['MUST', 'the client does not retry after a response above its limit', CLIENT],
    ['SHOULD', 'the client records a response it discarded', CLIENT],
    [
      'MUST',
      'the response is limited',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'protobuf', signal.rejected(20_000));
        expect(answer.bytes.length).toBeLessThan(RESPONSE_LIMIT);
      }),
    ],
    [
      'RECOMMENDED',
      '4 MiB for a response by default',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'protobuf', signal.rejected(20_000));
        expect(answer.bytes.length).toBeLessThan(RESPONSE_LIMIT);
      }),
    ],
    [
      'SHOULD',
      'the limit of responses can be set',
      'left out: a response never has more than some 8 KiB',
    ],
    [
      'SHOULD',
      'a partial success is shortened without another meaning: all are counted, some named',
      bySignal(async (signal) => {
        const { body } = await post(collector, signal, 'protobuf', signal.rejected(20_000));
        expect(body.partialSuccess[signal.rejectedField]).toBe(20_000);
        expect(body.partialSuccess.errorMessage.length).toBeLessThan(8 * 1024);
      }),
    ],
    ['MUST', '500 when a response cannot fit', 'does not apply: it always fits'],
    [
      'MUST',
      'Content-Type application/x-protobuf on protobuf',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'protobuf', signal.good.protobuf);
        expect(answer.headers.get('content-type')).toBe(PROTOBUF);
      }),
    ],
    [
      'MUST',
      'Content-Type application/json on JSON',
      bySignal(async (signal) => {
        const answer = await post(collector, signal, 'json', signal.good.json);
        expect(answer.headers.get('content-type')).toBe(JSON_TYPE);
      }),
    ],
    [
      'MUST',
      'the Content-Type of the request, also on failures',
      byEncoding(async (signal, encoding) => {
        for (const fail of Object.values(failures)) {
          const answer = await fail(signal, encoding);
          expect(answer.headers.get('content-type')).toBe(CONTENT_TYPES[encoding]);
        }
      }),
    ],
  ],
  'OTLP/HTTP Full Success': [
    [
      'SHOULD',
      'an empty request succeeds',
      byEncoding(async (signal, encoding) => {
        for (const body of signal.empty[encoding]) {
          const answer = await post(collector, signal, encoding, body);
          expect(answer).toMatchObject({ status: 200, body: {} });
        }
      }),
    ],
    ['MUST', '200', fullOverHttp],
    ['MUST', 'the body is an Export<signal>ServiceResponse', fullOverHttp],
    ['MUST', 'partial_success is unset', fullOverHttp],
  ],
  'OTLP/HTTP Partial Success': [
    ['MUST', '200', partialOverHttp],
    ['MUST', 'the body is an Export<signal>ServiceResponse', partialOverHttp],
    ['MUST', 'partial_success is set', partialOverHttp],
    ['MUST', 'rejected_<signal> is the number of rejected items', partialOverHttp],
    ['SHOULD', 'error_message says why, in English', partialOverHttp],
    [
      'MUST',
      'with a warning, rejected_<signal> is 0',
      async () => {
        const { body } = await post(collector, TRACES, 'protobuf', warned);
        expectWarning(body.partialSuccess);
      },
    ],
    [
      'MUST',
      'with a warning, error_message is not empty',
      async () => {
        const { body } = await post(collector, TRACES, 'protobuf', warned);
        expectWarning(body.partialSuccess);
      },
    ],
    ['MUST NOT', 'the client retries after a partial success', CLIENT],
  ],
  'OTLP/HTTP Failures': [
    [
      'MUST',
      'a 4xx or 5xx status code that says what failed',
      byEncoding(async (signal, encoding) => {
        for (const [code, fail] of Object.entries(failures)) {
          expect((await fail(signal, encoding)).status).toBe(Number(code));
        }
      }),
    ],
    [
      'MUST',
      'the body of every 4xx and 5xx is a Status',
      byEncoding(async (signal, encoding) => {
        for (const fail of Object.values(failures)) {
          const { body } = await fail(signal, encoding);
          expect(body).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
        }
      }),
    ],
    [
      'MUST',
      'also of those that never became a request: 400, 408, 431 (in JSON)',
      async () => {
        const start = 'POST /v1/logs HTTP/1.1\r\nhost: localhost\r\n';
        for (const [code, answer] of [
          [400, await dial(collector, 'this is not HTTP\r\n\r\n')],
          [431, await dial(collector, `${start}x-large: ${'x'.repeat(20_000)}\r\n\r\n`)],
          [408, await dial(strict, `${start}x-slow: `)],
        ] as const) {
          expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
          expect(answer).toMatch(/^content-type: application\/json\r$/m);
          const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
          expect(JSON.parse(body)).toEqual({ code: 3, message: expect.stringMatching(/./) });
        }
      },
    ],
    [
      'SHOULD',
      'Status.message is for developers',
      byEncoding(async (signal, encoding) => {
        for (const fail of Object.values(failures)) {
          expect((await fail(signal, encoding)).body.message).toMatch(/\w+ \w+/);
        }
      }),
    ],
    [
      'SHOULD',
      'status codes tell what is to be retried: of these only 503',
      byEncoding(async (signal, encoding) => {
        const retryable: number[] = [];
        for (const fail of Object.values(failures)) {
          const { status } = await fail(signal, encoding);
          if ([429, 502, 503, 504].includes(status)) retryable.push(status);
        }
        expect(retryable).toEqual([503]);
      }),
    ],
    ['SHOULD', 'the client honours status codes', CLIENT],
  ],
  'Retryable Response Codes': [
    ['SHOULD', '429, 502, 503 and 504 are retried', CLIENT],
    ['MUST NOT', 'all others are retried', CLIENT],
  ],
  'Bad Data': [
    [
      'MUST',
      '400 when a request cannot be decoded',
      byEncoding(async (signal, encoding) => {
        for (const [body, headers] of [
          [Buffer.from('rubbish'), {}],
          [signal.good[encoding].subarray(0, -3), {}],
          [Buffer.from('rubbish'), GZIP],
        ] as const) {
          expect((await post(collector, signal, encoding, body, headers)).status).toBe(400);
        }
      }),
    ],
    [
      'SHOULD',
      'Status.details has a BadRequest that describes the bad data',
      async () => {
        await bySignal(async (signal) => {
          const cut = signal.good.protobuf.subarray(0, -3);
          const { body } = await post(collector, signal, 'protobuf', cut);
          const [detail] = anyOf(body.details);
          expect(detail!.type).toBe('google.rpc.BadRequest');
          expect(BadRequest.toObject(BadRequest.decode(detail!.value), { defaults: true })).toEqual(
            {
              fieldViolations: [{ field: '', description: body.message }],
            },
          );
        })();
        const wrong = json(ofRecords({ ...jsonRecord, eventName: 7 }));
        const { body } = await post(collector, LOGS, 'json', wrong);
        const field = 'resourceLogs[0].scopeLogs[0].logRecords[0].eventName';
        expect(body.details).toEqual([
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field, description: `${field}: expected a string, got 7` }],
          },
        ]);
      },
    ],
    ['MUST NOT', 'the client retries after 400', CLIENT],
  ],
  'OTLP/HTTP Throttling': [
    [
      'SHOULD',
      '429 or 503 when overloaded',
      byEncoding(async (signal, encoding) => {
        const answer = await failures[503]!(signal, encoding);
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toMatch(/^[12]$/);
      }),
    ],
    ['SHOULD', 'the client honours Retry-After', CLIENT],
    ['SHOULD', 'without it the client backs off exponentially', CLIENT],
  ],
  'All Other Responses': [
    ['SHOULD', 'the client sends again when the connection was lost', CLIENT],
    ['SHOULD', 'the client backs off exponentially', CLIENT],
  ],
  'OTLP/HTTP Connection': [
    ['SHOULD', 'the client connects again, backing off exponentially', CLIENT],
    [
      'SHOULD',
      'the client keeps the connection alive: the receiver lets it',
      async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const ports = new Set<number | undefined>();
        for (const signal of [TRACES, LOGS, TRACES]) {
          const request = http.request(`${collector.url}${signal.path}`, {
            agent,
            method: 'POST',
            headers: { 'content-type': PROTOBUF },
          });
          request.end(signal.good.protobuf);
          const [response] = (await once(request, 'response')) as [http.IncomingMessage];
          ports.add(response.socket.localPort);
          response.resume();
          await once(response, 'end');
        }
        agent.destroy();
        expect(ports.size).toBe(1);
      },
    ],
    ['SHOULD', 'protobuf and JSON on one port, by Content-Type', fullOverHttp],
  ],
  'OTLP/HTTP Concurrent Requests': [
    ['SHOULD', 'the number of parallel connections can be set', CLIENT],
    [
      'said',
      'the receiver takes requests on parallel connections',
      bySignal((signal) =>
        keeps(signal, 50, () =>
          Promise.all(
            Array.from({ length: 50 }, () =>
              post(collector, signal, 'protobuf', signal.good.protobuf),
            ),
          ),
        ),
      ),
    ],
  ],
  'Multi-Destination Exporting': [
    ['SHOULD', 'queues, acknowledgements and retries for each destination', CLIENT],
    ['SHOULD', 'queues share immutable data', CLIENT],
  ],
  'Empty Telemetry Envelopes': [
    [
      'SHOULD NOT',
      'senders create empty envelopes',
      'a rule for senders; they succeed all the same',
    ],
  ],
  'Future Versions and Interoperability': [
    [
      'MUST',
      'all versions work together: fields that are not known yet change nothing',
      bySignal((signal) =>
        keeps(signal, 1, async () => {
          const later = padded(signal.good.protobuf, signal.good.protobuf.length + 100);
          expect(await call(collector, signal, later)).toHaveLength(0);
        }),
      ),
    ],
    ['SHOULD', 'new capabilities are discovered after connecting', PROTOCOL],
    ['SHOULD', 'how they are discovered is described', PROTOCOL],
    ['MUST', 'peers without an optional capability are served', 'does not apply: it has none'],
  ],
};

const outcomes: [section: string, level: Level, requirement: string, outcome: string][] = [];

for (const [section, rows] of Object.entries(SPECIFICATION)) {
  describe(section, () => {
    for (const [level, requirement, tryIt] of rows) {
      if (typeof tryIt === 'string') {
        test(`not ours: ${level} ${requirement} (${tryIt})`, () => {
          outcomes.push([section, level, requirement, `- ${tryIt}`]);
        });
        continue;
      }
      test(`${level} ${requirement}`, async () => {
        const at = outcomes.push([section, level, requirement, 'FAILED']) - 1;
        await tryIt();
        outcomes[at]![3] = 'ok';
      });
    }
  });
}

function print(): void {
  const widths = [0, 1, 2].map((i) => Math.max(...outcomes.map((row) => row[i]!.length)));
  const lines = outcomes.map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  '));
  const tried = outcomes.filter(([, , , outcome]) => !outcome.startsWith('-'));
  const ok = tried.filter(([, , , outcome]) => outcome === 'ok');
  console.log(
    [
      ...lines,
      `${ok.length} of ${tried.length} ok, ${outcomes.length - tried.length} not ours`,
    ].join('\n'),
  );
}
