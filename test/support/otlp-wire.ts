// The two signals as the wire sees them, and clients for a running collector: HTTP, gRPC, bare sockets.
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Collector, CollectorStats } from '../../collector/index.ts';
import {
  ExportResponse,
  encodeLogs,
  encodeRequest,
  LogsResponse,
  RpcStatus,
} from '../collector/decode/otlp-proto.ts';
import { logException, logsToJson, logsToProtobuf, recordLogs } from './sdk-logs.ts';
import { failNode, recordSpans, toJson, toProtobuf } from './sdk-spans.ts';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

export type Encoding = 'protobuf' | 'json';
type Bodies = Record<Encoding, Buffer>;
export const CONTENT_TYPES: Record<Encoding, string> = { protobuf: PROTOBUF, json: JSON_TYPE };
const ENCODINGS: Encoding[] = ['protobuf', 'json'];

export interface Signal {
  path: string;
  service: string;
  response: protobuf.Type;
  rejectedField: string;
  /** One item that is kept. */
  good: Bodies;
  /** Two items, of which one has to be rejected. */
  mixed: Bodies;
  /** A request with this many items that have to be rejected. */
  rejected: (count: number) => Buffer;
  /** Requests that carry no telemetry. */
  empty: Record<Encoding, Buffer[]>;
  kept: (stats: CollectorStats) => number;
}

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const hex = (bytes: number, value: string): string => value.repeat(bytes);
export const records = recordLogs((logger) => logException(logger));
export const spans = recordSpans((tracer) => failNode(tracer));
export const goodSpan = {
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 1),
  name: 'execute_node',
};
const badSpan = { ...goodSpan, traceId: Buffer.alloc(16) };
export const jsonSpan = { ...goodSpan, traceId: hex(16, 'aB'), spanId: hex(8, 'cD') };
const exception = [{ key: 'exception.type', value: { stringValue: 'E' } }];
const goodRecord = { ...goodSpan, name: undefined, attributes: exception };
const badRecord = { ...goodRecord, traceId: Buffer.alloc(3) };
export const jsonRecord = { traceId: hex(16, 'aB'), spanId: hex(8, 'cD'), attributes: exception };
export const ofSpans = (...items: object[]) => ({
  resourceSpans: [{ scopeSpans: [{ spans: items }] }],
});
export const ofRecords = (...items: object[]) => ({
  resourceLogs: [{ scopeLogs: [{ logRecords: items }] }],
});

export const TRACES: Signal = {
  path: '/v1/traces',
  service: 'opentelemetry.proto.collector.trace.v1.TraceService',
  response: ExportResponse,
  rejectedField: 'rejectedSpans',
  good: { protobuf: toProtobuf(spans), json: toJson(spans) },
  mixed: {
    protobuf: encodeRequest(ofSpans(badSpan, goodSpan)),
    json: json(ofSpans({ ...jsonSpan, spanId: '' }, jsonSpan)),
  },
  rejected: (count) => encodeRequest(ofSpans(...Array(count).fill(badSpan))),
  empty: {
    protobuf: [Buffer.alloc(0), encodeRequest({ resourceSpans: [{}] }), encodeRequest(ofSpans())],
    json: [json({}), json({ resourceSpans: [{}] }), json(ofSpans())],
  },
  kept: (stats) => stats.keptSpans,
};

export const LOGS: Signal = {
  path: '/v1/logs',
  service: 'opentelemetry.proto.collector.logs.v1.LogsService',
  response: LogsResponse,
  rejectedField: 'rejectedLogRecords',
  good: { protobuf: logsToProtobuf(records), json: logsToJson(records) },
  mixed: {
    protobuf: encodeLogs(ofRecords(badRecord, goodRecord)),
    json: json(ofRecords({ ...jsonRecord, spanId: 'ab' }, jsonRecord)),
  },
  rejected: (count) => encodeLogs(ofRecords(...Array(count).fill(badRecord))),
  empty: {
    protobuf: [Buffer.alloc(0), encodeLogs({ resourceLogs: [{}] }), encodeLogs(ofRecords())],
    json: [json({}), json({ resourceLogs: [{}] }), json(ofRecords())],
  },
  kept: (stats) => stats.logs.keptRecords,
};

const SIGNALS = [TRACES, LOGS];

/** Tries it for each signal. */
export function bySignal(tryIt: (signal: Signal) => Promise<void>) {
  return async (): Promise<void> => {
    for (const signal of SIGNALS) await tryIt(signal);
  };
}

/** Tries it for each signal in each encoding of HTTP. */
export function byEncoding(tryIt: (signal: Signal, encoding: Encoding) => Promise<void>) {
  return bySignal(async (signal) => {
    for (const encoding of ENCODINGS) await tryIt(signal, encoding);
  });
}

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: an export response or a Status
  body: Record<string, any>;
}

export async function post(
  to: Collector,
  signal: Pick<Signal, 'path' | 'response'>,
  encoding: Encoding,
  body: Buffer,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer> {
  const response = await fetch(`${to.url}${signal.path}`, {
    method,
    ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
    headers: { 'content-type': CONTENT_TYPES[encoding], ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.ok ? signal.response : RpcStatus;
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    body:
      response.headers.get('content-type') === PROTOBUF
        ? type.toObject(type.decode(bytes), { longs: Number })
        : JSON.parse(bytes.toString()),
  };
}

export const GZIP = { 'content-encoding': 'gzip' };

export async function withClient<T>(
  to: Collector,
  options: ChannelOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(`127.0.0.1:${to.grpcPort}`, credentials.createInsecure(), options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export function unary(
  client: Client,
  service: string,
  body: Buffer,
  metadata = new Metadata(),
): Promise<Buffer> {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    const path = `/${service}/Export`;
    client.makeUnaryRequest(path, asItIs, asItIs, body, metadata, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    );
  });
}

export function call(
  to: Collector,
  { service }: Pick<Signal, 'service'>,
  body: Buffer,
): Promise<Buffer> {
  return withClient(to, {}, (client) => unary(client, service, body));
}

export const GRPC_GZIP = { 'grpc.default_compression_algorithm': 2 };

export async function refused(answer: Promise<unknown>): Promise<ServiceError> {
  return answer.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: ServiceError) => error,
  );
}

/** Details of a gRPC error's Status, by type. */
export function detailsOf(error: ServiceError): { type: string; value: Buffer }[] {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return [];
  return anyOf(RpcStatus.toObject(RpcStatus.decode(bytes as Buffer)).details ?? []);
}

export function anyOf(details: { typeUrl: string; value: Buffer }[]) {
  return details.map(({ typeUrl, value }) => ({ type: typeUrl.split('/')[1]!, value }));
}

/** The request, longer by a field that nobody knows. */
export function padded(body: Buffer, bytes: number): Buffer {
  const tag = 15 << 3;
  const field = (length: number) =>
    protobuf.Writer.create()
      .uint32(tag | 2)
      .bytes(Buffer.alloc(length))
      .finish();
  const overhead = field(bytes - body.length).length - (bytes - body.length);
  return Buffer.concat([body, field(bytes - body.length - overhead)]);
}

/** Sends text on a connection of its own, and gives what comes back until it is closed. */
export async function dial(to: Collector, text: string): Promise<string> {
  const socket = connect(to.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}
