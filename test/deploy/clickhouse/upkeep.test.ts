// What keeps a cluster well: its backup, restored into an empty place, and the bound on its disk.
// By hand, with FAULTLINE_BY_HAND=1: three shards instead of two, one of which is away before the backup.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiskBound } from '../../../collector/forget/disk-bound.ts';
import { connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { backUpTo, restoreFrom } from '../../../deploy/backup/index.ts';
import { openCluster } from '../../../deploy/clickhouse/cluster/members.ts';
import { readSettings, type Settings } from '../../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../../deploy/start.ts';
import { CLUSTER, Shards } from '../../support/shards.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { failedAttempt, goodAttempt, type OtlpSpan, sendSpans } from '../../support/world.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const folder = new TemporaryFolder('upkeep');
const byHand = process.env.FAULTLINE_BY_HAND !== undefined;
const COUNT = byHand ? 3 : 2;
let shards: Shards;

beforeAll(async () => {
  shards = await Shards.start(COUNT);
});
afterAll(async () => {
  await shards?.stop();
  await folder.remove();
});

async function settingsOf(name: string, more: Record<string, unknown> = {}): Promise<Settings> {
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'query-port'].map((port) => [port, 0]);
  const flags = { ...Object.fromEntries(ports), ...shards.settings, role: 'collector', ...more };
  return readSettings({ ...flags, 'data-dir': await folder.with(name), 'log-level': 'silent' }, {});
}

const collectorOf = (settings: Settings): Promise<Running> =>
  start(settings, createLogger(settings));

const attempts = (count: number): OtlpSpan[] =>
  Array.from({ length: count }, (_, index) => {
    const agent = `agent-${index % 7}`;
    const run = { 'graph.run.id': randomBytes(8).toString('hex') };
    return {
      ...(index % 3 === 0 ? goodAttempt(agent, run) : failedAttempt(agent, run)),
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      start: Date.now() - (index % 4) * WEEK_MS,
    };
  });

/** On every shard by itself. */
async function onEach(query: string): Promise<void> {
  for (const url of shards.urls) {
    const client = connectClickHouse({ url, ...shards.writer });
    await client.command({ query });
    await client.close();
  }
}

/** Of every table of the cluster its rows, and all that they hold as one number. */
async function contents(): Promise<Record<string, string>> {
  const tables = await shards.rows<{ name: string; merges: number }>(
    `SELECT replaceRegexpOne(name, '_local$', '') AS name, engine != 'MergeTree' AS merges
     FROM system.tables WHERE database = 'faultline' AND engine LIKE '%MergeTree' ORDER BY name`,
  );
  const found: Record<string, string> = {};
  for (const { name, merges } of tables) {
    const [row] = await shards.column(
      `SELECT concat(toString(count()), ' ', toString(sum(cityHash64(*)))) FROM ${name} ${merges ? 'FINAL' : ''}`,
    );
    found[name] = row!;
  }
  return found;
}

const failuresNow = async () =>
  Number((await shards.column('SELECT count() FROM failures FINAL'))[0]);

test('a backup of all shards restores every table and what waited for a shard', async () => {
  const settings = await settingsOf('first');
  const collector = await collectorOf(settings);
  await sendSpans(collector.otlpHttp, attempts(90));
  await collector.drained();
  if (byHand) await shards.kill(1);
  await sendSpans(collector.otlpHttp, attempts(30));
  const isWaiting = () => existsSync(join(settings['data-dir'], 'queue-shard-2'));
  await expect.poll(isWaiting).toBe(byHand);
  await collector.stop();
  if (byHand) {
    await expect(backUpTo("File('a{shard}')", settings)).rejects.toThrow(/shard 2/);
    await shards.restart(1);
    expect(await failuresNow()).toBeLessThan(80);
  }

  await expect(backUpTo("File('a')", settings)).rejects.toThrow(
    new RegExp(
      `File\\('a'\\) is one place, .* ${COUNT} shards needs its own: put \\{shard\\} in it`,
    ),
  );
  const { 'clickhouse-cluster': _, ...unnamed } = settings;
  await expect(backUpTo("File('a')", unnamed as Settings)).rejects.toThrow(
    /spread over a cluster.*give --clickhouse-cluster trial/,
  );
  const seen: number[] = [];
  const before = await contents();
  const made = await backUpTo("File('monday-{shard}')", settings, (done) => seen.push(done));
  expect(made.queueBytes).toBeGreaterThan(0);
  expect(seen.length).toBeGreaterThan(0);
  await expect(backUpTo("File('monday-{shard}')", settings)).rejects.toThrow(/already exists/);
  const place = "File('monday-{shard}')";
  const second = await settingsOf('second');
  await expect(restoreFrom(place, second)).rejects.toThrow(/is not empty: it has \d+ tables/);

  for (const database of ['faultline', 'faultline_schema']) {
    await onEach(`DROP DATABASE IF EXISTS ${database} SYNC`);
  }
  await expect(restoreFrom("File('tuesday-{shard}')", second)).rejects.toThrow(/not found/);
  const one = { ...second, 'clickhouse-cluster': undefined, 'clickhouse-url': [shards.urls[0]!] };
  await expect(restoreFrom("File('monday-1')", one)).rejects.toThrow(
    `the backup is of ${COUNT} shards of trial, and this is one server`,
  );
  const restored = await restoreFrom(place, second);
  expect(Object.keys(restored.tables)).toEqual(Object.keys(made.tables));
  expect(restored.queueBytes).toBe(made.queueBytes);
  expect(await contents()).toEqual(before);
  // What had waited for the shard was restored as waiting, and goes on by itself.
  const again = await collectorOf(second);
  await again.drained();
  expect(await failuresNow()).toBe(80);
  await again.stop();
});

test('the proof of a cluster fails where nothing is replicated', async () => {
  const env = {
    ...{ ...process.env, CLUSTER, URLS: shards.urls.join(' '), COLLECTOR: 'http://127.0.0.1:9' },
    ...{ CLICKHOUSE_USER: shards.writer.username, CLICKHOUSE_PASSWORD: shards.writer.password },
  };
  const script = fileURLToPath(
    new URL('../../../deploy/clickhouse/prove-cluster.sh', import.meta.url),
  );
  const { status, stdout } = spawnSync('sh', [script], { env, encoding: 'utf8' });
  expect(stdout).toContain(`ok      addresses that are given: ${COUNT}`);
  expect(stdout).toMatch(/WRONG {3}the keeper answers: expected 1/);
  expect(stdout).toMatch(/WRONG {3}tables that are not replicated: expected 0, got [1-9]/);
  expect(stdout).toContain('No replication is here');
  expect(status).toBe(1);
});

test('two collectors at once drop the oldest weeks on all shards, as few as needed', async () => {
  await shards.rows(
    `INSERT INTO failures (timestamp, failure_id, agent_id, error_message)
     SELECT now64(9) - toIntervalWeek(number % 6), generateUUIDv4(), toString(number % 50), randomPrintableASCII(200)
     FROM numbers(12000)`,
  );
  const before = await weeks();
  expect(before).toHaveLength(6);
  const logs = [1, 2].map(() => [] as { week?: string; msg: string }[]);
  const boundsOf = (maxBytes: number) =>
    logs.map((log) => {
      const client = connectClickHouse({
        url: shards.urls,
        ...shards.writer,
        database: 'faultline',
      });
      const bound = new DiskBound({
        client,
        openCluster: () => openCluster({ url: shards.urls, ...shards.writer }, CLUSTER),
        maxBytes,
        everyMs: 50,
        logger: pino({ base: null }, { write: (line: string) => void log.push(JSON.parse(line)) }),
      });
      const close = () => bound.close().then(() => client.close());
      return { bound, close };
    });
  const [, first, second] = await bytesByWeek();
  const [all] = await shards.column(`SELECT sum(bytes_on_disk) ${PARTS}`);
  const most = Number(all) - first! - second! / 2;
  const two = boundsOf(most);
  const isKept = (bytes: number) => bytes > 0 && bytes <= most;
  const areKept = () => two.every(({ bound }) => isKept(bound.stats().bytes));
  await expect.poll(areKept).toBe(true);
  await Promise.all(two.map(({ close }) => close()));
  expect(await weeks()).toEqual(before.slice(2));
  const dropped = new Set(logs.flat().flatMap(({ week }) => week ?? []));
  expect([...dropped].sort()).toEqual(before.slice(0, 2));
});

const PARTS = `FROM cluster('${CLUSTER}', system.parts) WHERE database = 'faultline' AND active`;

/** Of what has no time, then of each week from the oldest. */
const bytesByWeek = async () =>
  (
    await shards.rows<{ bytes: string }>(
      `SELECT toMonday(toDateOrZero(partition)) AS week, sum(bytes_on_disk) AS bytes ${PARTS} GROUP BY week ORDER BY week`,
    )
  ).map(({ bytes }) => Number(bytes));

/** Mondays of which any shard has failures. */
const weeks = () =>
  shards.column(
    'SELECT DISTINCT toString(toMonday(timestamp)) AS week FROM failures ORDER BY week',
  );
