// From one server to a cluster: the verb as a process, killed in the middle, called again; every count compared.
// By hand, with FAULTLINE_BY_HAND=1: four engines and three processes take half a minute.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { migrate as migrateOne } from '../../../deploy/clickhouse/migrate.ts';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import { CLUSTER, Shards } from '../../support/shards.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const executable = fileURLToPath(new URL('../../../dist/deploy/cli/faultline.js', import.meta.url));
const folder = new TemporaryFolder('copy');
let single: RunningEngine;
let shards: Shards;

const byHand = process.env.FAULTLINE_BY_HAND !== undefined;

beforeAll(async () => {
  if (!byHand) return;
  // The same user on both sides, as an owner would have.
  const dataDir = await folder.with('single', { 'writer-password': 'w' });
  [single, shards] = await Promise.all([startEngine({ dataDir, port: 0 }), Shards.start(3)]);
  const { url, writer } = single;
  await migrateOne({ url, ...writer }, { database: 'faultline', retentionDays: 90 });
  const client = connectClickHouse({ url, ...writer, database: 'faultline' });
  const spread = 'now64(9) - toIntervalHour(number % 600)';
  const inserts = [
    `INSERT INTO failures (timestamp, failure_id, trace_id, span_id, agent_id, run_id, node_id, fingerprint, error_message, received_at)
     SELECT ${spread}, generateUUIDv4(), hex(number), hex(number), concat('agent-', toString(number % 50)), hex(number), 'n',
            concat('v1:', toString(number % 40)), 'broke', ${spread} FROM numbers(60000)`,
    `INSERT INTO node_attempts (timestamp, agent_id, run_id, node_id, attempt, trace_id, span_id)
     SELECT ${spread}, concat('agent-', toString(number % 50)), hex(number), 'n', 1, hex(number), hex(number) FROM numbers(120000)`,
    `INSERT INTO graph_runs (started_at, agent_id, run_id, outcome)
     SELECT ${spread}, concat('agent-', toString(number % 50)), hex(number), 'failure' FROM numbers(30000)`,
  ];
  for (const query of inserts) await client.command({ query });
  await client.close();
});
afterAll(async () => {
  await Promise.all([single?.stop(), shards?.stop()]);
  await folder.remove();
});

const TABLES = ['failures', 'node_attempts', 'graph_runs', 'failure_templates'];
type Counts = Record<string, number>;

async function countsOf(rows: (query: string) => Promise<{ n: string }[]>): Promise<Counts> {
  const counted = TABLES.map(async (table) => {
    const [row] = await rows(`SELECT count() AS n FROM ${table} FINAL`);
    return [table, Number(row!.n)];
  });
  return Object.fromEntries(await Promise.all(counted));
}

const inCluster = () => countsOf((query) => shards.rows(query));

async function inSingle(): Promise<Counts> {
  const client = connectClickHouse({ url: single.url, ...single.writer, database: 'faultline' });
  const counts = await countsOf(async (query) => {
    const result = await client.query({ query, format: 'JSONEachRow' });
    return result.json();
  });
  await client.close();
  return counts;
}

/** @param killAfter rows of `failures` in the cluster after which it is killed */
async function migrate(killAfter?: number): Promise<number | null> {
  const urls = shards.urls.flatMap((one) => ['--clickhouse-url', one]);
  const args = ['migrate', '--clickhouse-cluster', CLUSTER, ...urls, '--copy-from', single.url];
  const child = spawn(process.execPath, [executable, ...args, '--clickhouse-user', 'faultline'], {
    env: { ...process.env, FAULTLINE_CLICKHOUSE_PASSWORD: shards.writer.password },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  if (killAfter !== undefined) {
    const copied = async (): Promise<number> => {
      const [row] = await shards.rows<{ n: string }>('SELECT count() AS n FROM failures');
      return Number(row!.n);
    };
    // Until the tables are made, the question fails.
    const some = () => copied().catch(() => 0);
    await expect.poll(some, { timeout: 60_000, interval: 10 }).toBeGreaterThan(killAfter);
    child.kill('SIGKILL');
  }
  const [code] = await closed;
  if (code !== null && code !== 0) throw new Error(printed);
  return code;
}

test.skipIf(!byHand)(
  'every row is copied once, also when the first try is killed and a third comes after all is there',
  async () => {
    const wanted = await inSingle();
    expect(wanted).toMatchObject({ failures: 60_000, node_attempts: 120_000, graph_runs: 30_000 });
    expect(await migrate(1)).toBe(null);
    const halfway = await inCluster();
    expect(halfway.graph_runs! + halfway.node_attempts!).toBeLessThan(150_000);
    expect(await migrate()).toBe(0);
    expect(await inCluster()).toEqual(wanted);
    expect(await migrate()).toBe(0);
    expect(await inCluster()).toEqual(wanted);
  },
  180_000,
);
