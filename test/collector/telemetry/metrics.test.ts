// What /metrics says, against what was sent. One collector over a real engine for all of it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Collector, historyAccess, startCollector } from '../../../collector/index.ts';
import { watchQueryService } from '../../../query/http/observability.ts';
import { type QueryService, startQueryService } from '../../../query/http/server.ts';
import { connect, type History } from '../../../query/index.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';
import { COLLECTOR, type Database, type Storage, startStorage } from '../queue/storage.ts';

let storage: Storage;
let database: Database;
let collector: Collector;
let query: QueryService;
let history: History;
const MAX_BYTES = 5_000_000;

beforeAll(async () => {
  storage = await startStorage();
  database = await storage.database();
  collector = await start('metrics');
  history = connect({ clickhouse: database.connection });
  const logger = pino({ level: 'silent' });
  query = await startQueryService({
    history,
    host: '127.0.0.1',
    port: 0,
    ready: async () => true,
    watch: (app) => watchQueryService(app, { access: historyAccess([], []).read, logger }),
    logger,
  });
});
afterAll(async () => {
  await query?.close();
  await history?.close();
  await collector?.close();
  await storage?.end();
});

function start(folder: string, more: Partial<Parameters<typeof startCollector>[0]> = {}) {
  return startCollector({
    ...COLLECTOR,
    otlpGrpcPort: 0,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, folder), maxBytes: MAX_BYTES },
    version: '1.2.3',
    logger: pino({ level: 'silent' }),
    ...more,
  });
}

const textOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

/** Samples by name and labels as the text has them. */
async function metrics(url = collector.url): Promise<Record<string, number>> {
  const text = await textOf(url);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

const post = (path: string, body: string, type = 'application/json') =>
  fetch(`${collector.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });

const trace = (...spans: object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe('what was sent', () => {
  const failure = failedAttempt('a', {
    'exception.message': 'mail ann@example.org and bob@example.org',
  });
  failure.traceId = randomBytes(16).toString('hex');
  failure.spanId = randomBytes(8).toString('hex');
  failure.start = Date.now();

  beforeAll(async () => {
    await sendSpans(collector.url, [failure, { name: 'GET /' }, { name: 'GET /' }]);
    await sendSpans(collector.url, [failure]);
    await post('/v1/traces', trace({ traceId: '0', spanId: '1', name: 'x' }));
    await post('/v1/traces', 'not json');
    await post('/v1/traces', '', 'text/plain');
    const told = { key: 'failure.redactions', value: { stringValue: '{"<script>":1}' } };
    const record = {
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      attributes: [{ key: 'exception.type', value: { stringValue: 'KeyError' } }, told],
    };
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{}, record] }] }] };
    await post('/v1/logs', JSON.stringify(logs));
    await post('/v1/metrics', '{}');
    await sendOverGrpc();
    await collector.drained();
  });

  async function sendOverGrpc(): Promise<void> {
    const exporter = new OTLPTraceExporter({ url: collector.grpcUrl! });
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
    const span = provider.getTracer('test').startSpan('execute_tool lookup');
    span.setAttribute('gen_ai.agent.id', 'b');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no answer' });
    span.end();
    await provider.shutdown();
  }

  test('requests by signal, transport, encoding and status', async () => {
    const counted = Object.entries(await metrics()).filter(([name]) =>
      name.startsWith('faultline_requests_total'),
    );
    const of = (signal: string, transport: string, encoding: string, status: string): string =>
      `faultline_requests_total{signal="${signal}",transport="${transport}",encoding="${encoding}",status="${status}"}`;
    expect(Object.fromEntries(counted)).toEqual({
      [of('traces', 'http', 'json', '200')]: 3,
      [of('traces', 'http', 'json', '400')]: 1,
      [of('traces', 'http', 'other', '415')]: 1,
      [of('logs', 'http', 'json', '200')]: 1,
      [of('metrics', 'http', 'json', '404')]: 1,
      [of('traces', 'grpc', 'protobuf', 'OK')]: 1,
    });
  });

  test('spans, records, rows, inserts', async () => {
    const [row] = await database.select<{ n: number }>(
      "SELECT toUInt32(sum(redactions['email'])) AS n FROM failures FINAL",
    );
    expect(row!.n).toBeGreaterThanOrEqual(2);
    // It was sent twice.
    const emails = 2 * row!.n;
    expect(await metrics()).toMatchObject({
      'faultline_items_received_total{signal="traces"}': 6,
      'faultline_items_kept_total{signal="traces"}': 3,
      'faultline_items_skipped_total{signal="traces"}': 2,
      'faultline_items_rejected_total{signal="traces",reason="invalid"}': 1,
      'faultline_items_rejected_total{signal="traces",reason="refused"}': 0,
      'faultline_items_received_total{signal="logs"}': 2,
      'faultline_rows_accepted_total{table="failures"}': 3,
      'faultline_rows_accepted_total{table="node_attempts"}': 2,
      faultline_duplicate_failures_total: 1,
      'faultline_redactions_total{kind="email"}': emails,
      'faultline_redactions_total{kind="other"}': 1,
      faultline_inserted_rows_total: 7,
      'faultline_rows_accepted_total{table="exception_records"}': 1,
      faultline_linker_open_traces: expect.any(Number),
      faultline_linker_waiting_traces: expect.any(Number),
      faultline_queue_entries: 0,
      faultline_queue_bytes: 0,
      faultline_queue_max_bytes: MAX_BYTES,
      faultline_queue_oldest_age_seconds: 0,
      faultline_dead_letters: 0,
      faultline_body_bytes: 0,
    });
    const read = await metrics();
    const inserts = collector.stats().queue.inserts;
    const counts = Object.entries(read).filter(([name]) =>
      name.startsWith('faultline_insert_duration_seconds_count'),
    );
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(inserts);
    expect(read['faultline_insert_bytes_total{table="failures"}']).toBeGreaterThan(300);
  });

  test('the process', async () => {
    const read = await metrics();
    expect(read[`faultline_build_info{version="1.2.3",node="${process.version}"}`]).toBe(1);
    expect(read['faultline_process_memory_bytes{kind="rss"}']).toBeGreaterThan(10_000_000);
    expect(read['faultline_process_cpu_seconds_total{mode="user"}']).toBeGreaterThan(0);
    expect(read['faultline_event_loop_delay_seconds{quantile="1"}']).toBeGreaterThanOrEqual(
      read['faultline_event_loop_delay_seconds{quantile="0.5"}']!,
    );
  });

  test('questions to the query service', async () => {
    await fetch(`${query.url}/api/v1/failures/none`);
    await fetch(`${query.url}/nowhere`);
    const read = await metrics(query.url);
    const of = (route: string, status: number): string =>
      `faultline_query_requests_total{method="GET",route="${route}",status="${status}"}`;
    expect(read).toMatchObject({
      [of('/api/v1/failures/:id', 400)]: 1,
      [of('none', 404)]: 1,
      'faultline_query_request_duration_seconds_count{route="/api/v1/failures/:id"}': 1,
    });
  });

  test('every metric is in docs/operations.md as it is, and no other', async () => {
    const docs = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const listed = [...docs.matchAll(/^\| `(faultline_[a-z_]+)` +\| (\w+) +\| (.*?) +\|$/gm)].map(
      ([, name, type, help]) => `${name} ${type} ${help}`,
    );
    const text = (await textOf(collector.url)) + (await textOf(query.url));
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, n, t]) => [n, t]));
    const told = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(
      ([, name, help]) => `${name} ${types.get(name)} ${help}`,
    );
    expect(told.length).toBeGreaterThan(20);
    expect(listed.sort()).toEqual(told.sort());
  });
});

test('refused rows are counted, and the rejected requests while the queue is full', async () => {
  const small = await start('full', {
    queue: { folder: join(storage.dataDir, 'full'), maxBytes: 1 },
  });
  await database.command("ALTER TABLE failures ADD CONSTRAINT no_x CHECK node_id != 'x'");
  try {
    await sendSpans(small.url, [failedAttempt('a', { 'graph.node.id': 'x' })]);
    await small.drained();
    const refused = sendSpans(small.url, [failedAttempt('a')]);
    await expect(refused).rejects.toThrow('503');
    expect(await metrics(small.url)).toMatchObject({
      faultline_dead_letters: 1,
      faultline_refused_rows_total: 1,
      'faultline_requests_total{signal="traces",transport="http",encoding="json",status="503"}': 1,
    });
    expect(
      (await metrics(small.url))['faultline_insert_failures_total{table="failures"}'],
    ).toBeGreaterThan(0);
  } finally {
    await database.command('ALTER TABLE failures DROP CONSTRAINT no_x');
    await small.close();
  }
});

test.each([
  ['no tokens', [], [], { '': 200 }],
  ['query tokens', ['reader'], [], { '': 401, reader: 200, wrong: 401 }],
  ['both', ['reader'], ['admin'], { '': 401, reader: 200, admin: 200 }],
  ['admin tokens', [], ['admin'], { '': 200, admin: 200 }],
])('who may read them with %s', async (_what, query, admin, expected) => {
  const guarded = await start(`access-${query}-${admin}`, { access: historyAccess(query, admin) });
  for (const [token, status] of Object.entries(expected)) {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(`${guarded.url}/metrics`, { headers });
    expect([token, answer.status]).toEqual([token, status]);
  }
  await guarded.close();
});
