// A whole Faultline in one test file: real engine, real collector, real query service, free ports.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEngine } from '../../deploy/engine/index.ts';
import { readSettings } from '../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../deploy/start.ts';
import { embeddedStorage } from '../../deploy/storage.ts';
import type { ClickHouseOptions } from '../../query/base/store.ts';
import { connect, createClient, type History } from '../../query/index.ts';
import { leaveEngine, takeEngine } from './engines.ts';

export interface World extends Running {
  dataDir: string;
  /** The engine, unless the settings name a server. */
  engine: RunningEngine | undefined;
  /** The history out of the tables. */
  history: History;
  /** The history through the query service, without a token. */
  client: History;
  /** ClickHouse's own door, as the query service and as people come there. */
  asQuery: ClickHouseOptions & { url: string };
  asReader: ClickHouseOptions & { url: string };
  /**
   * Sends spans as an OTLP/JSON exporter would, throws unless all were taken, and waits until they
   * can be read.
   */
  send(...spans: OtlpSpan[]): Promise<void>;
  /** Stops everything and removes the data. */
  end(): Promise<void>;
}

type AttributeValue = string | number | boolean | string[];

/** A span in OTLP's JSON form, with plain attributes. */
export interface OtlpSpan {
  name: string;
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  /** Milliseconds since 1970. */
  start?: number;
  end?: number;
  error?: string;
  attributes?: Record<string, AttributeValue>;
  events?: { name: string; attributes: Record<string, AttributeValue> }[];
}

/** @param more settings by flag name */
export async function startWorld(more: Record<string, unknown> = {}): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-test-'));
  const settings = readSettings(
    {
      'data-dir': dataDir,
      'otlp-http-port': 0,
      'otlp-grpc-port': 0,
      'query-port': 0,
      'log-level': 'silent',
      // Only tests of the mapping want groups to be merged meanwhile.
      'group-mapping-seconds': 0,
      ...more,
    },
    {},
  );
  let engine: RunningEngine | undefined;
  const running =
    settings['clickhouse-url'].length > 0
      ? await start(settings, createLogger(settings))
      : await start(settings, createLogger(settings), async () => {
          const taken = await takeEngine();
          engine = taken;
          return { ...embeddedStorage(taken), stop: () => leaveEngine(taken) };
        });
  const url = running.clickhouse;
  const owner = {
    username: settings['clickhouse-user'],
    password: settings['clickhouse-password'],
  };
  const asQuery = { url, ...(engine?.query ?? owner), database: 'faultline' };
  const asReader = { url, ...(engine?.reader ?? owner), database: 'faultline' };
  const history = connect({
    clickhouse: asQuery,
    reader: asReader,
    otlp: { url: running.otlpHttp },
  });
  return {
    ...running,
    dataDir,
    engine,
    asQuery,
    asReader,
    history,
    client: createClient({ url: running.query }),
    send: async (...spans) => {
      await sendSpans(running.otlpHttp, spans);
      await running.drained();
    },
    end: async () => {
      await history.close();
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function sendSpans(collector: string, spans: OtlpSpan[]): Promise<void> {
  const response = await fetch(`${collector}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: otlpAttributes({ 'service.name': 'test-executor' }) },
          scopeSpans: [{ scope: { name: 'test' }, spans: spans.map(otlpSpan) }],
        },
      ],
    }),
  });
  const text = await response.text();
  if (response.status !== 200 || text !== '{}') {
    throw new Error(`the collector answered ${response.status}: ${text}`);
  }
}

function otlpSpan(span: OtlpSpan): object {
  const start = span.start ?? Date.now();
  return {
    traceId: span.traceId ?? randomBytes(16).toString('hex'),
    spanId: span.spanId ?? randomBytes(8).toString('hex'),
    ...(span.parentSpanId ? { parentSpanId: span.parentSpanId } : {}),
    name: span.name,
    kind: 1,
    startTimeUnixNano: `${start}000000`,
    endTimeUnixNano: `${span.end ?? start}000000`,
    attributes: otlpAttributes(span.attributes ?? {}),
    events: (span.events ?? []).map((event) => ({
      timeUnixNano: `${start}000000`,
      name: event.name,
      attributes: otlpAttributes(event.attributes),
    })),
    status: span.error === undefined ? {} : { code: 2, message: span.error },
  };
}

function otlpAttributes(attributes: Record<string, AttributeValue>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

function otlpValue(value: AttributeValue): object {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } };
  if (typeof value === 'boolean') return { boolValue: value };
  return typeof value === 'number' ? { intValue: value } : { stringValue: value };
}

/** A failed attempt as any OTel SDK that follows the conventions would send it. */
export function failedAttempt(agent: string, over: Record<string, AttributeValue> = {}): OtlpSpan {
  const type = String(over['error.type'] ?? 'TypeError');
  const message = String(over['exception.message'] ?? 'cannot read total of invoice 17');
  return {
    name: `execute_node ${over['graph.node.id'] ?? 'parse'}`,
    error: message,
    attributes: {
      ...attemptAttributes(agent),
      'error.type': type,
      'exception.type': type,
      'exception.message': message,
      'failure.input': '{"invoice":17}',
      ...over,
    },
  };
}

export function goodAttempt(agent: string, over: Record<string, AttributeValue> = {}): OtlpSpan {
  return {
    name: `execute_node ${over['graph.node.id'] ?? 'parse'}`,
    attributes: { ...attemptAttributes(agent), ...over },
  };
}

function attemptAttributes(agent: string): Record<string, AttributeValue> {
  return {
    'gen_ai.agent.id': agent,
    'graph.id': 'g',
    'graph.run.id': 'run-1',
    'graph.snapshot.ref': snapshotRef('{"id":"g"}'),
    'graph.node.id': 'parse',
    'graph.node.attempt': 1,
  };
}

export const snapshotRef = (body: string): string =>
  `sha256:${createHash('sha256').update(body).digest('hex')}`;
