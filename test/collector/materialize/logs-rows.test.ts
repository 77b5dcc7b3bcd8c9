import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../../../collector/decode/log-record.ts';
import type { Attributes, Resource, Scope, Value } from '../../../collector/decode/span.ts';
import { exceptionRecordRow } from '../../../collector/materialize/exception-record.ts';

const RECEIVED = 1_800_000_000_000_000_000n;
const RECEIVED_TEXT = '2027-01-15 08:00:00.000000000';
const TIME = 1_790_000_000_123_456_789n;
const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Told {
  record?: Partial<LogRecord>;
  attributes?: Record<string, Value>;
  resource?: Record<string, Value>;
  scope?: string;
  receivedAt?: bigint;
}

const mapOf = (entries: Record<string, Value>): Attributes => new Map(Object.entries(entries));

function row(told: Told = {}) {
  const resource: Resource = { attributes: mapOf(told.resource ?? { 'service.name': 'planner' }) };
  const scope: Scope = { name: told.scope ?? '', version: '' };
  const record: LogRecord = {
    traceId: '01'.repeat(16),
    spanId: '02'.repeat(8),
    timeNs: TIME,
    observedNs: 0n,
    severityNumber: 17,
    eventName: '',
    body: null,
    attributes: mapOf(told.attributes ?? { 'exception.type': 'E', 'exception.message': 'm' }),
    ...told.record,
  };
  return exceptionRecordRow(resource, scope, record, told.receivedAt ?? RECEIVED);
}

test('a record becomes a row', () => {
  expect(
    row({
      record: { eventName: 'gen_ai.chat.exception', body: 'it failed' },
      attributes: {
        'exception.type': 'SoldOutError',
        'exception.message': 'no seat left',
        'exception.stacktrace': 'SoldOutError\n  at book',
        'gen_ai.agent.name': 'Travel agent',
        'hive.agent_id': 'travel-agent',
        thread_id: 'session-1',
        'graph.run.id': 'run-1',
        'graph.id': 'trip',
        'graph.snapshot.ref': 'sha256:ab',
        langgraph_node: 'book_flight',
        'error.type': 'sold_out',
        'http.request.method': 'POST',
      },
      resource: { 'service.name': 'planner', 'deployment.environment.name': 'test' },
      scope: 'executor',
    }),
  ).toEqual({
    timestamp: '2026-09-21 14:13:20.123456789',
    trace_id: '01'.repeat(16),
    span_id: '02'.repeat(8),
    record_id: expect.stringMatching(UUID_8),
    service_name: 'planner',
    environment: 'test',
    agent_id: 'travel-agent',
    agent_name: 'Travel agent',
    session_id: 'session-1',
    run_id: 'run-1',
    graph_id: 'trip',
    graph_snapshot_ref: 'sha256:ab',
    node_id: 'book_flight',
    event_name: 'gen_ai.chat.exception',
    severity_number: 17,
    is_marked: true,
    error_type: 'SoldOutError',
    error_message: 'no seat left',
    stack_trace: 'SoldOutError\n  at book',
    redactions: {},
    truncated: [],
    attributes: {
      'otel.scope.name': 'executor',
      'error.type': 'sold_out',
      'http.request.method': 'POST',
    },
    resource_attributes: { 'service.name': 'planner', 'deployment.environment.name': 'test' },
    received_at: RECEIVED_TEXT,
  });
});

describe('what it says', () => {
  test('without an exception.type the error.type', () => {
    const { error_type, attributes } = row({ attributes: { 'error.type': 'timeout' } });
    expect({ error_type, attributes }).toEqual({ error_type: 'timeout', attributes: {} });
  });

  test('without an exception.message the body, when it is text', () => {
    const attributes = { 'exception.type': 'E' };
    expect(row({ attributes, record: { body: 'it broke' } }).error_message).toBe('it broke');
    expect(row({ attributes, record: { body: { a: 1 } } }).error_message).toBe('');
    expect(row({ record: { body: 'it broke' } }).error_message).toBe('m');
  });

  test('an event name in the attribute of older SDKs', () => {
    const attributes = { 'exception.type': 'E', 'event.name': 'gen_ai.chat.exception' };
    expect(row({ attributes })).toMatchObject({
      event_name: 'gen_ai.chat.exception',
      is_marked: true,
      attributes: {},
    });
  });

  test('all text has a bound, and what was cut is named', () => {
    const long = 'é'.repeat(40_000);
    const cut = row({
      record: { eventName: long, body: long },
      attributes: { 'exception.type': long, 'exception.stacktrace': long, other: long },
    });
    const bytesOf = (text: string): number => Buffer.byteLength(text);
    expect(bytesOf(cut.event_name)).toBe(1024);
    expect(bytesOf(cut.error_type)).toBe(1024);
    expect(bytesOf(cut.error_message)).toBe(16_384);
    expect(bytesOf(cut.stack_trace)).toBe(32_768);
    expect(bytesOf(cut.attributes.other!)).toBe(4096);
    expect(cut.truncated.sort()).toEqual([
      'event.name',
      'exception.message',
      'exception.stacktrace',
      'exception.type',
    ]);
  });

  test.each([
    [24, 24],
    [0, 0],
    [25, 0],
    [-1, 0],
    [300, 0],
  ])('severity %i is stored as %i', (severityNumber, stored) => {
    expect(row({ record: { severityNumber } }).severity_number).toBe(stored);
  });
});

describe('who made it', () => {
  test.each<[string, Told, boolean]>([
    ['nobody in particular', {}, false],
    ['an event of gen_ai', { record: { eventName: 'gen_ai.execute_tool.exception' } }, true],
    ['another event', { record: { eventName: 'http.client.exception' } }, false],
    ['a marked attribute', { attributes: { 'exception.type': 'E', langgraph_node: 'a' } }, true],
    ['a scope of Traceloop', { scope: '@traceloop/instrumentation-langchain' }, true],
    ['a scope of OpenInference', { scope: '@arizeai/openinference-instrumentation-openai' }, true],
    ['a scope in Python', { scope: 'opentelemetry.instrumentation.openai_v2' }, true],
    ['a scope that only looks alike', { scope: 'mail.airlines' }, false],
  ])('%s', (_name, told, marked) => {
    expect(row(told).is_marked).toBe(marked);
  });
});

describe('the time', () => {
  test.each([
    ['its own', TIME, 1n, '2026-09-21 14:13:20.123456789'],
    ['when it was observed', 0n, TIME, '2026-09-21 14:13:20.123456789'],
    ['when it was observed, its own being in seconds', 1_790_000_000n, TIME, '2026-09-21'],
    ['when it was received', 0n, 0n, RECEIVED_TEXT],
  ])('%s', (_name, timeNs, observedNs, timestamp) => {
    expect(row({ record: { timeNs, observedNs } }).timestamp).toContain(timestamp);
  });
});

describe('the id', () => {
  const { record_id: id } = row();

  test.each<[string, Told]>([
    ['a resend', { receivedAt: RECEIVED + 1n }],
    ['what a pipeline adds', { resource: { 'k8s.pod.name': 'p' }, scope: 'other' }],
    ['the time of observation', { record: { observedNs: TIME + 5n } }],
  ])('%s does not change it', (_name, told) => {
    expect(row(told).record_id).toBe(id);
  });

  test.each<[string, Told]>([
    ['trace', { record: { traceId: '03'.repeat(16) } }],
    ['span', { record: { spanId: '03'.repeat(8) } }],
    ['time', { record: { timeNs: TIME + 1n } }],
    ['event', { record: { eventName: 'e' } }],
    ['severity', { record: { severityNumber: 18 } }],
    ['type', { attributes: { 'exception.type': 'F', 'exception.message': 'm' } }],
    ['message', { attributes: { 'exception.type': 'E', 'exception.message': 'n' } }],
    [
      'stack trace',
      {
        attributes: {
          'exception.type': 'E',
          'exception.message': 'm',
          'exception.stacktrace': 's',
        },
      },
    ],
    ['place of the text', { attributes: { 'exception.type': 'm', 'exception.message': 'E' } }],
  ])('another %s changes it', (_name, told) => {
    expect(row(told).record_id).not.toBe(id);
  });

  test('a record without times has the id and the key of its first coming', () => {
    const untimed = { record: { timeNs: 0n } };
    expect(row(untimed).record_id).toBe(row(untimed).record_id);
    expect(row({ ...untimed, receivedAt: RECEIVED + 1n }).record_id).not.toBe(
      row(untimed).record_id,
    );
  });
});
