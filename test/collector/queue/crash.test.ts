// What was acknowledged is in ClickHouse exactly once, whoever is killed and when.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CollectorProcess, killCollectors, spawnCollector } from './collector-process.ts';
import { type Sender, startSender } from './sender.ts';
import { type Database, type Storage, startStorage } from './storage.ts';

/** `npm run test:faults` has more of them. */
const ROUNDS = 1;

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(async () => {
  killCollectors();
  await storage?.end();
});

/** Counts what was acknowledged and what is in ClickHouse now. */
async function account({ select }: Database, { sent, acknowledged }: Sender) {
  const rows = await select<{ id: string; n: number }>(
    'SELECT failure_id AS id, toUInt32(count()) AS n FROM failures FINAL GROUP BY id',
  );
  const [attempts] = await select<{ n: number; spans: number }>(
    'SELECT toUInt32(count()) AS n, toUInt32(uniqExact(span_id)) AS spans FROM node_attempts FINAL',
  );
  const found = new Set(rows.map(({ id }) => id));
  return {
    lost: [...acknowledged].filter((id) => !found.has(id)).length,
    doubled: rows.filter(({ n }) => n !== 1).length,
    unknown: rows.filter(({ id }) => !sent.has(id)).length,
    attemptsLost: rows.length - attempts!.spans,
    attemptsDoubled: attempts!.n - attempts!.spans,
  };
}

/** Rows are acknowledged before they can be read. */
const accountIsExact = (database: Database, sender: Sender) =>
  expect
    .poll(() => account(database, sender))
    .toEqual({ lost: 0, doubled: 0, unknown: 0, attemptsLost: 0, attemptsDoubled: 0 });

describe('kill -9', () => {
  test('of the collector at any moment', async () => {
    const database = await storage.database();
    const folder = join(storage.dataDir, 'killed');
    let collector: CollectorProcess = await spawnCollector(database, folder);
    const sender = startSender(() => collector.url);
    for (let round = 0; round < ROUNDS; round++) {
      await sender.acknowledge(randomInt(1, 300));
      expect(await collector.end('SIGKILL')).toBeNull();
      collector = await spawnCollector(database, folder);
    }
    await sender.acknowledge(10);
    await sender.stop();
    await accountIsExact(database, sender);
    expect(await collector.end('SIGTERM')).toBe(0);
  });

  test('of ClickHouse at any moment, and of the collector while it is away', async () => {
    const database = await storage.database();
    const folder = join(storage.dataDir, 'both-killed');
    let collector = await spawnCollector(database, folder);
    const sender = startSender(() => collector.url);
    for (let round = 0; round < ROUNDS; round++) {
      await sender.acknowledge(randomInt(1, 300));
      await storage.kill();
      await sender.acknowledge(300);
      await collector.end('SIGKILL');
      collector = await spawnCollector(database, folder);
      await sender.acknowledge(100);
      await storage.restart();
    }
    await sender.stop();
    await accountIsExact(database, sender);
    expect(await collector.end('SIGTERM')).toBe(0);
  });
});

test('SIGTERM flushes what was acknowledged and ends with 0', async () => {
  const database = await storage.database();
  const collector = await spawnCollector(database, join(storage.dataDir, 'terminated'));
  const sender = startSender(() => collector.url);
  await sender.acknowledge(300);
  expect(await collector.end('SIGTERM')).toBe(0);
  await sender.stop();
  const [row] = await database.select<{ n: number }>(
    'SELECT toUInt32(count()) AS n FROM failures FINAL',
  );
  expect(row!.n).toBeGreaterThanOrEqual(sender.acknowledged.size);
});
