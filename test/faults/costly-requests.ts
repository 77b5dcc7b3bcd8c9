// Requests that cost much for their size, or are as large as may be.
import { hash } from 'node:crypto';
import { encodeLogs, encodeRequest } from '../collector/decode/otlp-proto.ts';
import { makeRequest } from './requests.ts';

export interface CostlyRequest {
  name: string;
  type: 'json' | 'x-protobuf';
  signal: 'traces' | 'logs';
  /** At most 64 MiB. */
  body: () => Buffer;
}

const MILLION = 1_000_000;
/** A mebibyte less than a body may have. */
const LARGEST = 63 * 1024 * 1024;

type Make = (name: string, body: () => Buffer) => CostlyRequest;
const form =
  (type: CostlyRequest['type'], signal: CostlyRequest['signal']): Make =>
  (name, body) => ({ name, type, signal, body });
const json = form('json', 'traces');
const protobuf = form('x-protobuf', 'traces');
const jsonLogs = form('json', 'logs');
const protobufLogs = form('x-protobuf', 'logs');

/** Half a second of work and more, if nothing bounds it. */
export const COSTLY_REQUESTS: readonly CostlyRequest[] = [
  json('empty spans', () => jsonSpans('{},'.repeat(15 * MILLION))),
  json('empty lists', () => jsonSpans('[],'.repeat(19 * MILLION))),
  json('open lists', () => Buffer.alloc(60 * MILLION, '[')),
  json('one text', () => jsonSpans(`{"name":"${'x'.repeat(60 * MILLION)}"},`)),
  json('numbers', () => jsonSpans(`{"events":[${'1,'.repeat(4 * MILLION)}1]},`)),
  json('a span of nested values', () => jsonSpan({ attributes: [nested(6, 8)] })),
  json('failures', () => Buffer.from(manyFailures().json)),
  json('a span of many secrets', () => jsonSpan({ attributes: secrets() })),
  json('spans of many secrets', () => {
    const span = JSON.stringify(failed({ attributes: secrets().slice(0, 64) }));
    return jsonSpans(`${span},`.repeat(Math.floor(LARGEST / 2 / span.length)));
  }),
  protobuf('empty spans', () => message(0x0a, message(0x12, empty(0x12, 2 * MILLION)))),
  protobuf('empty scopes', () => message(0x0a, empty(0x12, 2 * MILLION))),
  protobuf('a span of many secrets', () => encodeSpans([failed({ attributes: secrets() })])),
  protobuf('a span of nested values', () => encodeSpans([failed({ attributes: [nested(6, 8)] })])),
  protobuf('a span of many events', () => encodeSpans([failed({ events: events(100_000) })])),
  protobuf('a span of many snapshots', () => encodeSpans([failed({ events: snapshots() })])),
  protobuf('a span of many links', () => encodeSpans([failed({ links: links(1_000_000) })])),
  protobuf('a span with a long stack', () => encodeSpans([failed({ attributes: longStack() })])),
  protobuf('failures', () => manyFailures().protobuf),
  protobuf('spans around failures', deepTrace),
  jsonLogs('empty records', () => jsonRecords('{},'.repeat(15 * MILLION))),
  jsonLogs('open lists', () => Buffer.alloc(60 * MILLION, '[')),
  jsonLogs('a record of nested values', () => jsonRecord({ attributes: [nested(6, 8)] })),
  jsonLogs('a record of many secrets', () => jsonRecord({ attributes: secrets() })),
  jsonLogs('a record with a long stack', () => jsonRecord({ attributes: longStack() })),
  jsonLogs('records', () => {
    const record = JSON.stringify(logged({ attributes: shortStack() }));
    return jsonRecords(`${record},`.repeat(20_000));
  }),
  protobufLogs('empty records', () => message(0x0a, message(0x12, empty(0x12, 2 * MILLION)))),
  protobufLogs('empty scopes', () => message(0x0a, empty(0x12, 2 * MILLION))),
  protobufLogs('a record of nested values', () => records([{ attributes: [nested(6, 8)] }])),
  protobufLogs('a record of a nested body', () => records([{ body: nested(6, 8).value }])),
  protobufLogs('a record of many secrets', () => records([{ attributes: secrets() }])),
  protobufLogs('a record with a long stack', () => records([{ attributes: longStack() }])),
  protobufLogs('records', () =>
    records(Array.from({ length: 20_000 }, () => ({ attributes: shortStack() }))),
  ),
];

const TRACE_ID = '07'.repeat(16);
let spanNumber = 0;

function failed(more: Record<string, unknown>): Record<string, unknown> {
  const spanId = Buffer.alloc(8);
  spanId.writeUInt32BE(++spanNumber, 4);
  return {
    traceId: Buffer.from(TRACE_ID, 'hex'),
    spanId,
    name: 'execute_node large',
    kind: 1,
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
    status: { code: 2, message: 'it failed' },
    ...more,
  };
}

/** A small request of their trace. */
export function oneMoreSpan(): Buffer {
  return encodeSpans([failed({})]);
}

/** Log records of a trace of their own, as many as are linked at once. */
export function recordsAlone(): Buffer {
  const traceId = Buffer.alloc(16, 8);
  return records(Array.from({ length: 10_000 }, () => ({ traceId, attributes: shortStack() })));
}

/** A record that reports an exception of an agent's span. */
function logged(more: { attributes?: unknown[] } & Record<string, unknown>) {
  const { traceId, spanId } = failed({});
  return {
    traceId,
    spanId,
    timeUnixNano: `${Date.now()}000000`,
    severityNumber: 17,
    eventName: 'exception',
    ...more,
    attributes: [text('gen_ai.agent.name', 'large'), ...(more.attributes ?? [])],
  };
}

function records(each: Parameters<typeof logged>[0][]): Buffer {
  return encodeLogs({ resourceLogs: [{ scopeLogs: [{ logRecords: each.map(logged) }] }] });
}

/** @param items each with a comma behind it */
function jsonRecords(items: string): Buffer {
  return Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${items}{}]}]}]}`);
}

function jsonRecord(more: { attributes: unknown[] }): Buffer {
  return jsonRecords(`${JSON.stringify(logged(more))},`);
}

function encodeSpans(spans: object[]): Buffer {
  return encodeRequest({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

/** @param items each with a comma behind it */
function jsonSpans(items: string): Buffer {
  return Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${items}{}]}]}]}`);
}

function jsonSpan(more: Record<string, unknown>): Buffer {
  return jsonSpans(`${JSON.stringify(failed(more))},`);
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** Nearly all of it is to be removed. */
function secrets() {
  return Array.from({ length: 1000 }, (_, i) => text(`gen_ai.k${i}`, 'pass=hunter2 '.repeat(4000)));
}

function nested(depth: number, width: number): { key: string; value: object } {
  const value = (left: number): object =>
    left === 0
      ? { stringValue: 'a text of some words' }
      : { arrayValue: { values: Array.from({ length: width }, () => value(left - 1)) } };
  return { key: 'deep', value: value(depth) };
}

function events(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    name: 'exception',
    attributes: [text('exception.type', `E${i}`), text('exception.message', 'm'.repeat(300))],
  }));
}

function snapshots() {
  return Array.from({ length: 16 }, (_, i) => {
    const nodes = Array.from({ length: 4000 }, (_, n) => ({ id: `n${n}`, do: 'pass=hunter2 ' }));
    const body = JSON.stringify({ id: `g${i}`, nodes });
    const ref = `sha256:${hash('sha256', body)}`;
    return {
      name: 'graph.snapshot',
      attributes: [text('graph.snapshot.ref', ref), text('graph.snapshot.body', body)],
    };
  });
}

function links(count: number) {
  const link = { traceId: Buffer.alloc(16, 9), spanId: Buffer.alloc(8, 9) };
  return Array.from({ length: count }, () => link);
}

function longStack() {
  return [
    text('exception.type', 'Error'),
    text('exception.message', 'password: hunter2\n'.repeat(50_000)),
    text('exception.stacktrace', '    at work (/app/src/work.js:10:5)\n'.repeat(500_000)),
    text('failure.input', JSON.stringify({ all: 'token=abcdefgh12345678 '.repeat(100_000) })),
  ];
}

function shortStack() {
  return [
    text('exception.type', 'Error'),
    text('exception.message', 'password: hunter2'),
    text('exception.stacktrace', '    at work (/app/src/work.js:10:5)\n'.repeat(40)),
  ];
}

function manyFailures() {
  return makeRequest({ agent: 'large', failures: 10_000, inputBytes: 3000 });
}

/** Each is the parent of the next one, and some fail. */
function deepTrace(): Buffer {
  const spans = Array.from({ length: 30_000 }, (_, i) => {
    const id = (n: number) => {
      const bytes = Buffer.alloc(8, 1);
      bytes.writeUInt32BE(n, 4);
      return bytes;
    };
    const isFailed = i % 20 === 0;
    return {
      traceId: Buffer.from(TRACE_ID, 'hex'),
      spanId: id(i + 1),
      ...(i > 0 ? { parentSpanId: id(i) } : {}),
      name: 'step',
      kind: 3,
      attributes: [text('gen_ai.operation.name', isFailed ? 'execute_tool' : 'invoke_agent')],
      ...(isFailed ? { status: { code: 2, message: 'it failed' } } : {}),
    };
  });
  return encodeSpans(spans);
}

function message(tag: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) return Buffer.concat([Buffer.from([tag, ...length]), body]);
  }
}

function empty(tag: number, times: number): Buffer {
  return Buffer.alloc(2 * times, Buffer.from([tag, 0]));
}
