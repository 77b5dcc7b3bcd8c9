// Upgrades: from the tables of earlier versions with rows in them, two versions side by side, and no way back.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { migrate } from '../../../deploy/clickhouse/migrate.ts';
import { readSettings } from '../../../deploy/settings.ts';
import { createLogger, start } from '../../../deploy/start.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../../support/world.ts';

const folder = new URL('../../../deploy/clickhouse/migrations/', import.meta.url);
let world: World;
let client: ClickHouse;

beforeAll(async () => {
  world = await startWorld();
  client = connectClickHouse({ url: world.engine!.url, ...world.engine!.writer });
});
afterAll(async () => {
  await client?.close();
  await world?.end();
});

const names = async () => (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();

/** Brings a database to what a version had whose last migration has this number. */
async function migrateTo(database: string, last: string): Promise<void> {
  const old = connectClickHouse({ url: world.engine!.url, ...world.engine!.writer, database });
  await client.command({ query: `CREATE DATABASE ${database}` });
  await old.command({
    query:
      "CREATE TABLE schema_migrations (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) " +
      'ENGINE = ReplacingMergeTree ORDER BY name',
  });
  for (const name of (await names()).filter((one) => one.slice(0, 4) <= last)) {
    const statement = await readFile(new URL(name, folder), 'utf8');
    await old.command({ query: statement });
    const checksum = createHash('sha256').update(statement).digest('hex');
    const values = [{ name, checksum }];
    await old.insert({ table: 'schema_migrations', values, format: 'JSONEachRow' });
  }
  await old.close();
}

// Before what moves or changes rows: templates, alerts, revisions of attempts and of runs, spans, leases.
test.each(['0012', '0015', '0017', '0020', '0022', '0025'])(
  'from the tables of migration %s with rows in them to the newest',
  async (last) => {
    const database = `from_${last}`;
    await migrateTo(database, last);
    const rows = `toDateTime64(now() - number, 9, 'UTC') AS at, concat('run-', toString(number)) AS run FROM numbers(1000)`;
    const inserts = [
      `failures (timestamp, failure_id, agent_id, run_id, fingerprint) SELECT at, generateUUIDv4(), 'a', run, 'v1:x' FROM (SELECT ${rows})`,
      `node_attempts (timestamp, agent_id, run_id, span_id) SELECT at, 'a', run, run FROM (SELECT ${rows})`,
      `graph_runs (started_at, agent_id, run_id) SELECT at, 'a', run FROM (SELECT ${rows})`,
    ];
    for (const insert of inserts)
      await client.command({ query: `INSERT INTO ${database}.${insert}` });
    const { url, writer } = world.engine!;
    const { already } = await migrate({ url, ...writer }, { database, retentionDays: 90 });
    expect(already).toBe((await names()).filter((name) => name.slice(0, 4) <= last).length);
    for (const table of ['failures', 'node_attempts', 'graph_runs']) {
      const query = `SELECT count() AS n FROM ${database}.${table} FINAL`;
      const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<{
        n: string;
      }>();
      expect([table, Number(row!.n)]).toEqual([table, 1000]);
    }
  },
);

test('a version goes on beside a newer one, and is refused when it starts again', async () => {
  await sendSpans(world.otlpHttp, [failedAttempt('before')]);
  await world.drained();
  // As a newer version would: a column, and a record of it.
  for (const query of [
    "ALTER TABLE faultline.failures ADD COLUMN mood String DEFAULT 'calm'",
    "INSERT INTO faultline.schema_migrations (name, checksum) VALUES ('9999_add_mood.sql', 'x')",
  ])
    await client.command({ query });
  await sendSpans(world.otlpHttp, [failedAttempt('after')]);
  await world.drained();
  for (const agent of ['before', 'after'])
    expect((await world.history.recentFailures({ agent })).items).toHaveLength(1);

  const ports = ['otlp-http-port', 'otlp-grpc-port', 'query-port'].map((port) => [port, 0]);
  const { username, password } = world.engine!.writer;
  const settings = readSettings(
    {
      ...Object.fromEntries(ports),
      ...{ 'data-dir': `${world.engine!.dataDir}-older`, 'log-level': 'silent' },
      ...{ 'clickhouse-url': [world.engine!.url], 'clickhouse-user': username },
      'clickhouse-password': password,
    },
    {},
  );
  await expect(start(settings, createLogger(settings))).rejects.toThrow(
    'database faultline was brought to a newer version (9999_add_mood.sql) than this one: start that version, or restore a backup',
  );
});
