// Several processes with the same rules: one of them sends, whoever is killed or cut off.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { startAlerts } from '../../../query/alerts/index.ts';
import { Lease } from '../../../query/alerts/lease.ts';
import { readAlertRules } from '../../../query/alerts/rules.ts';
import { Store } from '../../../query/base/store.ts';
import { InsertProxy } from '../../faults/proxy.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../../support/world.ts';
import { AlertReceiver, secret, until } from './alert-receiver.ts';

const times = { renewMs: 200, deadMs: 6_000, settleMs: 1_500 };
const logger = pino({ level: 'silent' });
const folder = new TemporaryFolder('lease');
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
  await folder.remove();
});

const clickhouse = (url = world.engine!.url) => ({
  url,
  ...world.engine!.writer,
  database: 'faultline',
});

/** How many hold a lease now, and did at once at most. */
class Holders {
  now = new Set<Candidate>();
  most = 0;
  ever = 0;
}

class Candidate {
  readonly store: Store;
  readonly lease: Lease;

  constructor(name: string, holders: Holders, url?: string) {
    this.store = new Store(clickhouse(url));
    const work = () => {
      holders.now.add(this);
      holders.ever++;
      holders.most = Math.max(holders.most, holders.now.size);
      return async () => void holders.now.delete(this);
    };
    const options = { name, store: this.store, clickhouse: clickhouse(url), times, work, logger };
    this.lease = new Lease(options);
  }

  async close(): Promise<void> {
    await this.lease.close();
    await this.store.close();
  }
}

test.each([
  ['at once', false],
  ['in the same millisecond', true],
])('of many that claim %s one holds it; when it ends another does', async (name, isStill) => {
  if (isStill) vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const holders = new Holders();
  const candidates = Array.from({ length: 6 }, () => new Candidate(name, holders));
  const left = new Set(candidates);
  for (let ended = 0; ended < 3; ended++) {
    await until('one holds it', () => holders.now.size === 1);
    const [holder] = holders.now;
    left.delete(holder!);
    await holder!.close();
  }
  await Promise.all([...left].map((candidate) => candidate.close()));
  expect(holders.most).toBe(1);
  expect(holders.ever).toBeGreaterThanOrEqual(3);
});

test('one that cannot renew it stops before another begins, and does not come back', async () => {
  const proxy = await InsertProxy.start(() => world.engine!.url);
  const holders = new Holders();
  const cut = new Candidate('cut', holders, proxy.url);
  await until('it holds it', () => holders.now.has(cut));
  const other = new Candidate('cut', holders);
  proxy.mode = { kind: 'hold' };
  await until('the other holds it', () => holders.now.has(other));
  expect(holders.most).toBe(1);
  proxy.mode = { kind: 'pass' };
  proxy.reset();
  await until('it can write again', () => proxy.passed > 1);
  await Promise.all([cut.close(), other.close()]);
  expect(holders.most).toBe(1);
  proxy.close();
});

test('a claim that takes too long to be stored is given back, and the log says why', async () => {
  const lines: Record<string, unknown>[] = [];
  const store = new Store(clickhouse());
  const slow = new Lease({
    name: 'slow',
    store,
    clickhouse: clickhouse(),
    times: { ...times, settleMs: 0 },
    work: () => expect.fail('it holds it'),
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  await until('it says so', () => lines.length > 0);
  await slow.close();
  await store.close();
  expect(lines).toMatchObject([
    { reason: expect.stringMatching(/took \d+ ms for a claim.*may take 0$/) },
  ]);
  expect(slow.isHeld).toBe(false);
});

test('two services with the same rules send each alert once, and one goes on for the other', async () => {
  const receiver = await new AlertReceiver().start();
  const rules = {
    every_seconds: 1,
    receivers: { pager: { type: 'webhook', url: `http://127.0.0.1:${receiver.port}/`, secret } },
    rules: [{ name: 'all', on: ['new'], to: ['pager'] }],
  };
  const file = join(await folder.with('.'), 'alerts.json');
  await writeFile(file, JSON.stringify(rules));
  const proxy = await InsertProxy.start(() => world.engine!.url);
  const start = (url?: string) =>
    startAlerts({
      settings: readAlertRules(file),
      clickhouse: clickhouse(url),
      behindMs: () => 0,
      leaseTimes: times,
      logger,
    });
  const services = [start(proxy.url), start(proxy.url)];
  const told = (agent: string) =>
    receiver.taken.filter(({ json }) => json.data.agent_id === agent).length;
  const fail = async (agent: string): Promise<void> => {
    await sendSpans(world.otlpHttp, [failedAttempt(agent)]);
    await world.drained();
  };
  await until('one of them sends', () => services.some((service) => service.isActive()));
  await fail('before');
  // Told and stored as told: what is cut off in between is told once more.
  const statusOf = async (agent: string) =>
    (await world.history.alerts({ agent })).items[0]?.status;
  await until('it was told', async () => (await statusOf('before')) === 'sent');

  // As a kill would: nothing more is written by either, and one of them never comes back.
  proxy.mode = { kind: 'refuse' };
  await fail('between');
  await until('neither sends', () => !services.some((service) => service.isActive()));
  const [first, second] = services;
  proxy.mode = { kind: 'pass' };
  await first!.close();
  await until('the other sends', () => second!.isActive());
  await fail('after');
  await until('all was told', () => told('between') > 0 && told('after') > 0);
  expect(['before', 'between', 'after'].map(told)).toEqual([1, 1, 1]);

  // What had waited for a shard: received before the last looks, and stored after them.
  const writer = connectClickHouse(clickhouse());
  await writer.command({
    query: `INSERT INTO failures (timestamp, failure_id, agent_id, run_id, fingerprint, received_at)
            SELECT now64(9) - toIntervalMinute(30) AS at, generateUUIDv4(), 'late', 'r', 'v1:late', at`,
  });
  await writer.close();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  await until('it was told too', () => told('late') > 0);
  vi.useRealTimers();
  await second!.close();
  proxy.close();
  await receiver.stop();
});
