// Collectors and query services by themselves, over two ClickHouse servers of which one is killed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';
import { readSettings } from '../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../deploy/start.ts';
import { createClient } from '../../query/index.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { failedAttempt, sendSpans } from '../support/world.ts';

const folder = new TemporaryFolder('roles');
const password = 'one for all';
let engines: RunningEngine[];

async function startRole(role: string, more: Record<string, unknown> = {}): Promise<Running> {
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'query-port'].map((port) => [port, 0]);
  const settings = readSettings(
    {
      ...Object.fromEntries(ports),
      role,
      'data-dir': await folder.with(role),
      'clickhouse-url': engines.map(({ url }) => url),
      'clickhouse-user': 'faultline',
      'clickhouse-password': password,
      'log-level': 'silent',
      ...more,
    },
    {},
  );
  return start(settings, createLogger(settings));
}

beforeAll(async () => {
  engines = await Promise.all(
    ['first', 'second'].map(async (name) =>
      startEngine({ dataDir: await folder.with(name, { 'writer-password': password }), port: 0 }),
    ),
  );
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await folder.remove();
});

test('each has its own addresses, and together they are the whole', async () => {
  const collector = await startRole('collector');
  const query = await startRole('query', { 'collector-url': collector.otlpHttp });
  const clickhouse = engines.map(({ url }) => url).join();
  expect(collector).toMatchObject({
    otlpHttp: expect.stringMatching('http'),
    otlpGrpc: expect.stringMatching('http'),
    query: '',
    clickhouse,
  });
  expect(query).toMatchObject({
    otlpHttp: '',
    otlpGrpc: '',
    query: expect.stringMatching('http'),
    clickhouse,
  });
  const history = createClient({ url: query.query });

  await sendSpans(collector.otlpHttp, [failedAttempt('split')]);
  await collector.drained();
  const { items } = await history.recentFailures({ agent: 'split' });
  expect(items).toHaveLength(1);
  // Recorded through the collector.
  const evolution = await history.recordEvolution({
    agent_id: 'split',
    resolution: 'read the total',
    target_failures: [items[0]!.failure_id],
  });
  expect((await history.evolution(evolution.evolution_id)).resolution).toBe('read the total');
  await Promise.all([history.close(), query.stop(), collector.stop()]);
});

test('a query service without a collector says how to record', async () => {
  const query = await startRole('query');
  const history = createClient({ url: query.query });
  await expect(
    history.recordEvolution({ agent_id: 'split', resolution: 'nothing' }),
  ).rejects.toThrow(/--collector-url/);
  await Promise.all([history.close(), query.stop()]);
});

test('rows go on to the next server when one is killed, and questions are answered from it', async () => {
  const collector = await startRole('collector');
  const query = await startRole('query');
  // Servers that do not share their rows, as here, are no replicas; both have the tables.
  const second = await startRole('collector', {
    'data-dir': await folder.with('other'),
    'clickhouse-url': engines[1]!.url,
  });
  process.kill(engines[0]!.pid, 'SIGKILL');
  await engines[0]!.exited;
  await sendSpans(collector.otlpHttp, [failedAttempt('survivor')]);
  await collector.drained();
  const history = createClient({ url: query.query });
  expect((await history.recentFailures({ agent: 'survivor' })).items).toHaveLength(1);
  await Promise.all([history.close(), query.stop(), collector.stop(), second.stop()]);
});
