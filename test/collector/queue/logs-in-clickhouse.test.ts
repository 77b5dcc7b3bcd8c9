// Exceptions told by log records, from OpenTelemetry's exporters to the table, over the real engine.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Collector, startCollector } from '../../../collector/index.ts';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import {
  exportLogs,
  logException,
  plainLog,
  recordLogs,
  SPAN_ID,
  TRACE_ID,
} from '../../support/sdk-logs.ts';
import { encodeLogs } from '../decode/otlp-proto.ts';
import { COLLECTOR } from './storage.ts';

const MIGRATIONS = new URL('../../../deploy/clickhouse/migrations/', import.meta.url);

let dataDir: string;
let engine: RunningEngine;
let client: ClickHouseClient;
let collector: Collector;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'faultline-logs-'));
  engine = await startEngine({ dataDir, port: 0 });
  const log = { level: ClickHouseLogLevel.OFF };
  client = createClient({ url: engine.url, ...engine.writer, database: 'default', log });
  for (const file of (await readdir(MIGRATIONS)).sort()) {
    await client.command({ query: await readFile(new URL(file, MIGRATIONS), 'utf8') });
  }
  collector = await startCollector({
    ...COLLECTOR,
    otlpGrpcPort: 0,
    clickhouse: { url: engine.url, ...engine.writer, database: 'default' },
    queue: { folder: join(dataDir, 'queue'), maxBytes: 64 * 1024 * 1024 },
    logger: pino({ level: 'silent' }),
  });
});

afterAll(async () => {
  await collector?.close();
  await client?.close();
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

beforeEach(() => client.command({ query: 'TRUNCATE TABLE exception_records' }));

async function stored(): Promise<Record<string, unknown>[]> {
  await collector.drained();
  const result = await client.query({
    query: 'SELECT * FROM exception_records FINAL ORDER BY error_message',
    format: 'JSONEachRow',
  });
  return result.json();
}

test('exceptions stand in the table once, through whichever doors and how often they come', async () => {
  // Rows older than a week are not kept.
  const second = Math.floor(Date.now() / 1000);
  const records = recordLogs((logger) => {
    plainLog(logger);
    logException(logger, 'no seat left', [second, 123_456_789]);
    logException(logger, 'no train left', [second, 123_456_789]);
  });
  const http = { url: `${collector.url}/v1/logs` };
  for (let i = 0; i < 2; i++) {
    expect(await exportLogs('http', http, records)).toEqual({ code: 0 });
    expect(await exportLogs('proto', http, records)).toEqual({ code: 0 });
    expect(await exportLogs('grpc', { url: collector.grpcUrl! }, records)).toEqual({ code: 0 });
    await collector.drained();
  }
  const rows = await stored();
  expect(rows.map((row) => row.error_message)).toEqual(['no seat left', 'no train left']);
  expect(rows[0]).toMatchObject({
    timestamp: `${new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ')}.123456789`,
    trace_id: TRACE_ID,
    span_id: SPAN_ID,
    service_name: 'planner',
    environment: 'test',
    agent_id: 'travel-agent',
    session_id: 'session-1',
    run_id: TRACE_ID,
    node_id: 'book_flight',
    event_name: 'gen_ai.chat.exception',
    severity_number: 17,
    is_marked: true,
    error_type: 'SoldOutError',
    stack_trace: 'SoldOutError: no seat left\n    at book (/app/book.ts:7:9)',
    attributes: { 'otel.scope.name': 'executor' },
  });
});

test('a record without any time is the same row when it is sent again', async () => {
  const record = {
    traceId: Buffer.alloc(16, 7),
    spanId: Buffer.alloc(8, 7),
    attributes: [{ key: 'exception.message', value: { stringValue: 'no time' } }],
  };
  const body = encodeLogs({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  const send = async (): Promise<void> => {
    const response = await fetch(`${collector.url}/v1/logs`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': 'application/x-protobuf' },
    });
    expect(response.status).toBe(200);
  };
  const first = Date.now();
  await send();
  await expect.poll(() => Date.now()).toBeGreaterThan(first);
  await send();
  expect(await stored()).toHaveLength(1);
});
