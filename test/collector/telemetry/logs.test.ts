// What the log says, and what it never does.
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { historyAccess, startCollector } from '../../../collector/index.ts';
import { RefusedLogins } from '../../../collector/serving/refused-logins.ts';
import { watchQueryService } from '../../../query/http/observability.ts';
import { startQueryService } from '../../../query/http/server.ts';
import { connect } from '../../../query/index.ts';
import { failedAttempt } from '../../support/world.ts';
import { COLLECTOR, type Storage, startStorage } from '../queue/storage.ts';

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage?.end());

interface Line {
  level: number;
  msg: string;
  [field: string]: unknown;
}

function listen(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const logger = pino(
    { level: 'trace' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  return { logger, lines };
}

test('nothing of a span, a token or a password is in the log, whatever goes wrong', async () => {
  const { logger, lines } = listen();
  const { client, connection, command } = await storage.database();
  const password = 'pw-MARK';
  const collector = await startCollector({
    host: '127.0.0.1',
    otlpHttpPort: 0,
    otlpGrpcPort: 0,
    clickhouse: connection,
    keep: 'all-errors',
    maxBodyMib: 64,
    queue: { folder: join(storage.dataDir, 'log'), maxBytes: 20_000 },
    ingestTokens: ['ingest-MARK'],
    access: historyAccess(['query-MARK'], ['admin-MARK']),
    logger,
  });
  const history = connect({ clickhouse: { ...connection, url: 'http://127.0.0.1:1', password } });
  const query = await startQueryService({
    history,
    host: '127.0.0.1',
    port: 0,
    ready: async () => false,
    watch: (app) =>
      watchQueryService(app, { access: historyAccess(['query-MARK'], []).read, logger }),
    logger,
  });
  await command("ALTER TABLE failures ADD CONSTRAINT none CHECK error_message = ''");

  const mark = 'MARK\u001b[31m\n{"level":60}<script>';
  const post = (path: string, body: string, token = 'ingest-MARK', type = 'application/json') =>
    fetch(collector.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body,
    });
  const names = ['gen_ai.agent.id', 'graph.node.id', 'exception.message', 'graph.snapshot.ref'];
  const { attributes } = failedAttempt('a');
  const span = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    name: mark,
    status: { code: 2, message: mark },
    attributes: [...names, 'failure.redactions', ...Object.keys(attributes!)].map((key) => ({
      key,
      value: { stringValue: mark },
    })),
  };
  const trace = (...spans: object[]) =>
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const exception = { traceId: span.traceId, spanId: span.spanId, attributes: span.attributes };
  await post('/v1/traces', trace(span));
  await post('/v1/traces', trace({ ...span, traceId: mark }));
  await post('/v1/traces', `{"${mark}`);
  await post(
    '/v1/logs',
    JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [exception] }] }] }),
  );
  await post('/v1/traces', trace(span), 'wrong-MARK');
  await post('/v1/MARK', trace(span), 'wrong-MARK', 'text/MARK');
  await fetch(`${collector.url}/admin/deadletters/MARK`, { headers: { authorization: 'MARK' } });
  await fetch(`${query.url}/metrics?MARK`, { headers: { authorization: 'Bearer wrong-MARK' } });
  await fetch(`${query.url}/api/v1/agents`);
  await collector.drained();
  for (let i = 0; i < 100; i++)
    await post('/v1/traces', trace({ ...span, name: mark.repeat(100) }));
  await collector.close();
  await query.close();
  await history.close();
  await client.close();

  expect(lines.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining([
      'ClickHouse refused rows: faultline deadletters list',
      'callers without a valid token were refused',
      'questions cannot be answered now',
    ]),
  );
  const refusal = lines.find(({ msg }) => msg.startsWith('ClickHouse refused'));
  expect(refusal).toMatchObject({ rows: 1, table: 'failures', reason: expect.any(String) });
  for (const line of lines) {
    expect(JSON.stringify(line)).not.toContain('MARK');
    expect(line.msg).not.toBe('');
  }
});

test('refused callers: one line at once, one a minute, none is left out', async () => {
  const { logger, lines } = listen();
  const refused = new RefusedLogins(logger, 50);
  for (let i = 0; i < 1000; i++) refused.note('http', '10.0.0.1');
  expect(lines.map(({ refused }) => refused)).toEqual([1]);
  await expect.poll(() => lines.map(({ refused }) => refused)).toEqual([1, 999]);
  refused.note('grpc', '10.0.0.2');
  refused.close();
  expect(lines.at(-1)).toMatchObject({ level: 40, refused: 1, door: 'grpc', from: '10.0.0.2' });
  expect(refused.samples()).toEqual([
    [{ door: 'http' }, 1000],
    [{ door: 'grpc' }, 1],
  ]);
});

test('callers of gRPC without a token are logged too', async () => {
  const { logger, lines } = listen();
  const { connection } = await storage.database();
  const collector = await startCollector({
    ...COLLECTOR,
    otlpGrpcPort: 0,
    clickhouse: connection,
    queue: { folder: join(storage.dataDir, 'grpc-log'), maxBytes: 20_000 },
    ingestTokens: ['secret'],
    logger,
  });
  const grpc = new Client(`127.0.0.1:${collector.grpcPort}`, credentials.createInsecure());
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const asItIs = (bytes: Buffer): Buffer => bytes;
  await new Promise((resolve) => {
    grpc.makeUnaryRequest(path, asItIs, asItIs, Buffer.alloc(0), resolve);
  });
  grpc.close();
  expect(lines).toMatchObject([{ refused: 1, door: 'grpc', from: '127.0.0.1' }]);
  const text = await (await fetch(`${collector.url}/metrics`)).text();
  expect(text).toContain(
    'faultline_requests_total{signal="logs",transport="grpc",encoding="protobuf",status="UNAUTHENTICATED"} 1',
  );
  expect(text).toContain('faultline_refused_logins_total{door="grpc"} 1');
  await collector.close();
});
