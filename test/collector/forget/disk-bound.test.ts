// A bound on the tables' size: the oldest weeks go first, on one server and on a cluster, and it is said.
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DiskBound } from '../../../collector/forget/disk-bound.ts';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { migrate } from '../../../deploy/clickhouse/migrate.ts';
import { leaveEngine, takeEngine } from '../../support/engines.ts';

type Engine = Awaited<ReturnType<typeof takeEngine>>;
let engine: Engine;
let client: ClickHouse;
const logged: { week?: string; msg: string }[] = [];
const logger = pino(
  { base: null },
  { write: (line: string) => void logged.push(JSON.parse(line)) },
);

beforeAll(async () => {
  engine = await takeEngine();
  await migrate(
    { url: engine.url, ...engine.writer },
    { database: 'faultline', retentionDays: 90 },
  );
  client = connectClickHouse({ url: engine.url, ...engine.writer, database: 'faultline' });
  await client.command({
    query: `INSERT INTO failures (timestamp, failure_id, agent_id, error_message)
            SELECT now64(9) - toIntervalWeek(number % 6), generateUUIDv4(), 'a', randomPrintableASCII(200) FROM numbers(6000)`,
  });
  await client.command({
    query: `INSERT INTO graph_runs (started_at, agent_id, run_id)
            SELECT now64(9) - toIntervalWeek(number % 6), 'a', toString(number) FROM numbers(60)`,
  });
});
afterAll(async () => {
  await client?.close();
  if (engine) await leaveEngine(engine);
});

async function weeks(table = 'failures', column = 'timestamp'): Promise<string[]> {
  const result = await client.query({
    query: `SELECT DISTINCT toString(toMonday(${column})) AS week FROM ${table} ORDER BY week`,
    format: 'JSONEachRow',
  });
  return (await result.json<{ week: string }>()).map(({ week }) => week);
}

async function boundOf(maxBytes: number, looks: (bound: DiskBound) => boolean): Promise<void> {
  const bound = new DiskBound({ client, maxBytes, everyMs: 50, logger });
  await expect.poll(() => looks(bound)).toBe(true);
  await bound.close();
}

test('nothing goes below the bound; above it the oldest weeks do, as few as needed', async () => {
  const before = await weeks();
  expect(before.length).toBe(6);
  let size = 0;
  await boundOf(1e12, (bound) => {
    size = bound.stats().bytes;
    return size > 0;
  });
  expect(await weeks()).toEqual(before);

  await boundOf(
    size * 0.7,
    (bound) => bound.stats().weeks > 0 && bound.stats().bytes <= size * 0.7,
  );
  expect(await weeks()).toEqual(before.slice(2));
  // Runs whose failures are gone would count as good ones.
  expect(await weeks('graph_runs', 'started_at')).toEqual(before.slice(2));
  const dropped = logged.flatMap(({ week, msg }) => (/--max-disk-gib/.test(msg) ? week : []));
  expect(dropped).toEqual(before.slice(0, 2));
});

test('this week stays, and it is said once that the bound is not kept', async () => {
  logged.length = 0;
  await boundOf(1, () => logged.some(({ msg }) => /only this week is left/.test(msg)));
  expect(await weeks()).toHaveLength(1);
  expect(logged.filter(({ msg }) => /only this week is left/.test(msg))).toHaveLength(1);
});
