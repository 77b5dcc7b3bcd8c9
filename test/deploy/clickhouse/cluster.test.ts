// A cluster of two shards: its tables, its collectors, a shard that is killed, and what is refused.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureId } from '../../../collector/index.ts';
import { connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { copyTables } from '../../../deploy/clickhouse/cluster/copy.ts';
import { unreachedShards } from '../../../deploy/clickhouse/cluster/differences.ts';
import { migrateCluster } from '../../../deploy/clickhouse/cluster/migrate-cluster.ts';
import { writeSettings } from '../../../deploy/clickhouse/cluster/sharding.ts';
import { MigrationError } from '../../../deploy/clickhouse/migrate.ts';
import { checkCluster } from '../../../deploy/doctor/clickhouse.ts';
import { readSettings } from '../../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../../deploy/start.ts';
import { createClient } from '../../../query/index.ts';
import { call, overHttp } from '../../query/mcp/mcp-clients.ts';
import { isWithoutChromium, openBrowser } from '../../query/page/chromium.ts';
import { faultline } from '../../support/executable.ts';
import { CLUSTER, Shards } from '../../support/shards.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { failedAttempt, type OtlpSpan, sendSpans } from '../../support/world.ts';

const run = promisify(execFile);
const folder = new TemporaryFolder('cluster');
let shards: Shards;
const tables = { cluster: CLUSTER, database: 'faultline', retentionDays: 90 };

beforeAll(async () => {
  shards = await Shards.start(2);
});
afterAll(async () => {
  await shards?.stop();
  await folder.remove();
});

async function startPart(
  role: string,
  name: string,
  more: Record<string, unknown> = {},
): Promise<Running> {
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'query-port'].map((port) => [port, 0]);
  const settings = readSettings(
    {
      ...Object.fromEntries(ports),
      ...shards.settings,
      role,
      'data-dir': await folder.with(name),
      'log-level': 'silent',
      ...more,
    },
    {},
  );
  return start(settings, createLogger(settings));
}

const asWriter = () => ({ url: shards.urls, ...shards.writer });

const failures = (agent: string, count: number): OtlpSpan[] =>
  Array.from({ length: count }, (_, index) => ({
    ...failedAttempt(agent, { 'graph.run.id': `${agent}-${index}` }),
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    start: Date.now(),
  }));

test('a cluster that is not configured is refused with those that are', async () => {
  const made = migrateCluster(asWriter(), { ...tables, cluster: 'prod' });
  await expect(made).rejects.toThrow(
    `--clickhouse-cluster: got "prod"; the server knows "${CLUSTER}"`,
  );
});

test('the doctor says the same, and that a cluster is well', async () => {
  const [unknown] = await checkCluster(asWriter(), 'prod');
  expect(unknown).toMatchObject({ status: 'fail', detail: expect.stringContaining('got "prod"') });
  expect(await checkCluster(asWriter(), CLUSTER)).toMatchObject([
    { status: 'ok', detail: `${CLUSTER} has 2 shards, without a keeper` },
  ]);
});

test('without a keeper every shard needs an address', async () => {
  const { writer, urls, engines } = shards;
  const made = migrateCluster({ ...writer, url: urls[0]! }, tables);
  await expect(made).rejects.toThrow(MigrationError);
  await expect(made).rejects.toThrow(
    `no --clickhouse-url is shard 2 (127.0.0.1:${engines[1]!.nativePort}) of cluster ${CLUSTER}`,
  );
});

test("a user who may not create gets ClickHouse's reason in one line", async () => {
  const made = migrateCluster({ url: shards.urls, username: 'query', password: 'q' }, tables);
  await expect(made).rejects.toThrow(/^query: Not enough privileges[^\n]+$/);
});

test('several make the tables at once, and again changes nothing', async () => {
  await Promise.all([1, 2, 3].map(() => migrateCluster(asWriter(), tables)));
  const before = await changedAt();
  await migrateCluster(asWriter(), tables);
  expect(await changedAt()).toEqual(before);
  // Another retention is taken over on every shard.
  await migrateCluster(asWriter(), { ...tables, retentionDays: 14 });
  expect(await changedAt()).not.toEqual(before);
});

/** When each table of each shard was changed last. */
function changedAt(): Promise<string[]> {
  return Promise.all(
    shards.urls.map(async (url) => {
      const client = connectClickHouse({ url, ...shards.writer });
      const result = await client.query({
        query: `SELECT name, toString(metadata_modification_time), uuid FROM system.tables
                WHERE database = 'faultline' ORDER BY name`,
        format: 'TabSeparated',
      });
      const text = await result.text();
      await client.close();
      return text;
    }),
  );
}

/** The page in a Chromium, where there is one. */
async function showsBanner(url: string): Promise<void> {
  if (isWithoutChromium('the banner in test/deploy/clickhouse/cluster.test.ts')) return;
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    const banner = page.getByText('Partial: shard 2 of 2 does not answer. Counts are too low');
    await banner.waitFor({ timeout: 60_000 });
  } finally {
    await browser.close();
  }
}

test('two collectors write, two services answer, and nothing is lost while a shard is away', async () => {
  const collectors = await Promise.all(['a', 'b'].map((name) => startPart('collector', name)));
  const services = await Promise.all([
    startPart('query', 'c'),
    startPart('query', 'd', { 'partial-answers': true }),
  ]);
  const clients = services.map(({ query }) => createClient({ url: query }));
  const everything = failures('steady', 40);
  const send = (index: number, spans: OtlpSpan[]) => sendSpans(collectors[index]!.otlpHttp, spans);
  const counts = () =>
    Promise.all(
      clients.map(async (client) => {
        const { rows } = await client.sql('SELECT count() AS n FROM failures FINAL');
        return Number(rows[0]!.n);
      }),
    );
  await send(0, everything.slice(0, 20));
  // What both are sent is one failure.
  await Promise.all([send(0, everything.slice(10, 20)), send(1, everything.slice(10, 20))]);
  await Promise.all(collectors.map((collector) => collector.drained()));
  expect(await counts()).toEqual([20, 20]);

  await shards.kill(1);
  expect(await unreachedShards(asWriter(), CLUSTER)).toEqual([
    `${shards.urls[0]} does not reach shard 2 (127.0.0.1:${shards.engines[1]!.nativePort}) over the native protocol: questions fail, and its rows wait`,
  ]);
  await send(1, everything.slice(20));
  await expect(clients[0]!.recentFailures()).rejects.toThrow(
    'a shard of the cluster does not answer, and without its rows the answer would be wrong',
  );
  // The other service answers from what is left, and says so at every door.
  const partial = { missing_shards: [2], shards: 2 };
  const { items, partial: said } = await clients[1]!.recentFailures({ limit: 500 });
  expect(said).toEqual(partial);
  expect(items.length).toBeLessThan(40);
  await saysPartial(services[1]!.query);
  await showsBanner(services[1]!.query);
  // Rows of the other shard go on; those of the one that is away wait, also over an end of their collector.
  const there = everything.slice(20).map(({ traceId, spanId }) => failureId(traceId!, spanId!));
  const onFirst = async () => {
    const rows = await ownRows(0, 'toString(failure_id) AS id', 'failures');
    return rows.filter(({ id }) => there.includes(id!)).length;
  };
  const share = () => sharesOf(there, 'steady');
  await expect.poll(onFirst).toBe((await share())[0]);
  expect(await onFirst()).toBeLessThan(20);
  await collectors[1]!.stop();
  collectors[1] = await startPart('collector', 'b');
  await send(1, everything.slice(30));

  await shards.restart(1);
  await Promise.all(collectors.map((collector) => collector.drained()));
  expect(await counts()).toEqual([40, 40]);
  expect(await clients[1]!.recentFailures()).not.toHaveProperty('partial');
  const everywhere = await Promise.all(
    [0, 1].map((shard) => ownRows(shard, 'toString(failure_id) AS id', 'failures')),
  );
  const shares = everywhere.map((rows) => rows.filter(({ id }) => there.includes(id!)).length);
  expect(shares).toEqual(await share());
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all([...services, ...collectors].map((part) => part.stop()));
});

/** By a header, in the text for a language model, in the brief, and by a line of the command line. */
async function saysPartial(query: string): Promise<void> {
  const answer = await fetch(`${query}/api/v1/agents`);
  expect(answer.headers.get('faultline-partial')).toBe('missing-shards="2"; shards=2');
  const mcp = await overHttp(query);
  const told = await call(mcp, 'list_failures', { agent: 'steady' });
  expect(told.text).toMatch(/^Partial answer: shard 2 of 2 does not answer, so rows are missing/);
  await mcp.close();
  const client = createClient({ url: query });
  const { markdown } = await client.brief('steady');
  expect(markdown).toContain('**Partial**: shard 2 of 2 does not answer.');
  await client.close();
  const { stderr } = await run(process.execPath, [...faultline, 'recent', '--url', query]);
  expect(stderr).toBe(
    'faultline: partial answer: shard 2 of 2 does not answer, so rows are missing and counts are too low\n',
  );
}

test('a session is forgotten on every shard, in their files too', async () => {
  const collector = await startPart('collector', 'forgetting');
  const canary = 'canaryQx7';
  const spans = (session: string, count: number) =>
    failures('remembered', count).map((span, index) => {
      const more = {
        'gen_ai.conversation.id': session,
        'graph.run.id': `${session}-${index}`,
        'exception.message': `${session} broke`,
      };
      return { ...span, attributes: { ...span.attributes, ...more } };
    });
  await sendSpans(collector.otlpHttp, spans(canary, 30));
  await sendSpans(collector.otlpHttp, spans('kept', 10));
  await collector.drained();
  const onShards = (table: string, condition: string) =>
    Promise.all(
      shards.urls.map(async (url) => {
        const client = connectClickHouse({ url, ...shards.writer, database: 'faultline' });
        const query = `SELECT count() AS n FROM ${table}_local WHERE ${condition}`;
        const result = await client.query({ query, format: 'JSONEachRow' });
        const [row] = await result.json<{ n: string }>();
        await client.close();
        return Number(row!.n);
      }),
    );
  const session = `session_id = '${canary}'`;
  for (const rows of await onShards('failures', session)) expect(rows).toBeGreaterThan(0);

  const answer = await fetch(`${collector.otlpHttp}/admin/forget`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ session: canary }),
  });
  expect(await answer.json()).toMatchObject({
    rows: { failures: 30, node_attempts: 30 },
    files_left: 0,
  });
  expect(await onShards('failures', session)).toEqual([0, 0]);
  for (const { dataDir } of shards.engines) expect(await filesWith(dataDir, canary)).toEqual([]);
  const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0);
  expect(sum(await onShards('failures', "session_id = 'kept'"))).toBe(10);
  expect(sum(await onShards('failure_templates', "template LIKE 'kept%'"))).toBeGreaterThan(0);
  await collector.stop();
});

/** What one shard has by itself. */
async function ownRows(
  shard: number,
  what: string,
  table: string,
): Promise<Record<string, string>[]> {
  const client = connectClickHouse({
    url: shards.urls[shard]!,
    ...shards.writer,
    database: 'faultline',
  });
  const query = `SELECT ${what} FROM ${table}_local FINAL`;
  const result = await client.query({ query, format: 'JSONEachRow' });
  const rows = await result.json<Record<string, string>>();
  await client.close();
  return rows;
}

/** How many of some failures of an agent each shard is to have. */
async function sharesOf(ids: readonly string[], agent: string): Promise<number[]> {
  const client = connectClickHouse({ url: shards.urls, ...shards.writer });
  const result = await client.query({
    query: `SELECT countIf(k = 0) AS first, countIf(k = 1) AS second
            FROM (SELECT sipHash64({agent:String}, sipHash64(toUUID(arrayJoin({ids:Array(String)}))) % 8) % 2 AS k)`,
    query_params: { agent, ids },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ first: string; second: string }>();
  await client.close();
  return [Number(row!.first), Number(row!.second)];
}

/** Files below a folder that hold a text. */
async function filesWith(dataDir: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? await readFile(path).catch(() => undefined) : undefined;
    if (bytes?.includes(text)) found.push(path);
  }
  return found;
}

test('tables of one server in the same place are refused', async () => {
  const client = connectClickHouse({ url: shards.urls[0]!, ...shards.writer });
  await client.command({ query: 'CREATE DATABASE single' });
  await client.command({
    query: 'CREATE TABLE single.failures (a String) ENGINE = MergeTree ORDER BY a',
  });
  await client.close();
  const made = migrateCluster(asWriter(), { ...tables, database: 'single' });
  await expect(made).rejects.toThrow(
    'single.failures is a table of one server (MergeTree): rename the database and copy it, as docs/cluster.md says',
  );
});

test('rows over another number of shards are refused, and copied from each shard', async () => {
  const grown = { ...tables, database: 'grown' };
  await migrateCluster(asWriter(), grown);
  for (const url of shards.urls) {
    const client = connectClickHouse({ url, ...shards.writer, database: 'grown' });
    // As it would be if there had been three shards.
    await client.command({ query: "ALTER TABLE answering_shards MODIFY COMMENT 'shards: 3'" });
    const rows = "now64(9), generateUUIDv4(), 'moved', 'v1:moved' FROM numbers(30)";
    const columns = 'timestamp, failure_id, agent_id, fingerprint';
    await client.command({ query: `INSERT INTO failures_local (${columns}) SELECT ${rows}` });
    await client.close();
  }
  await expect(migrateCluster(asWriter(), grown)).rejects.toThrow(
    `the rows of grown are spread over 3 shards, and cluster ${CLUSTER} has 2: rename the database and copy it`,
  );
  const to = { ...asWriter(), database: 'faultline', clickhouse_settings: writeSettings };
  for (const url of [...shards.urls, ...shards.urls]) {
    const from = { url, ...shards.writer, database: 'grown' };
    expect(await copyTables({ from, to })).toMatchObject({ failures: 30 });
  }
  const rows = await Promise.all(
    [0, 1].map((shard) => ownRows(shard, 'agent_id, toString(failure_id) AS id', 'failures')),
  );
  const moved = rows.map((own) => own.filter(({ agent_id }) => agent_id === 'moved'));
  const ids = moved.flat().map(({ id }) => id!);
  expect(new Set(ids).size).toBe(60);
  expect(moved.map(({ length }) => length)).toEqual(await sharesOf(ids, 'moved'));
});
