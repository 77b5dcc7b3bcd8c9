// Verbs of operators on a collector and an engine of their own: how far they are, and in which order they tell.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../../../collector/index.ts';
import {
  COLLECTOR,
  type Database,
  type Storage,
  startStorage,
} from '../../collector/queue/storage.ts';
import { root } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';
import { isWithout } from './shells.ts';
import { follow, printed } from './terminal.ts';

let storage: Storage;
let database: Database;
let collector: Collector;

beforeAll(async () => {
  storage = await startStorage();
  database = await storage.database();
  collector = await startCollector({
    ...COLLECTOR,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, 'queue'), maxBytes: 1_000_000 },
    logger: pino({ level: 'silent' }),
  });
  await database.command("ALTER TABLE failures ADD CONSTRAINT refuses CHECK agent_id != 'a'");
  await refuse('one');
  await refuse('two');
});
afterAll(async () => {
  await collector?.close();
  await storage?.end();
});

/** Sends a failure that becomes a dead letter. */
async function refuse(node: string): Promise<void> {
  await sendSpans(collector.url, [failedAttempt('a', { 'graph.node.id': node })]);
  await collector.drained();
}

const atCollector = (...args: string[]): string[] => [
  'deadletters',
  ...args,
  '--collector-url',
  collector.url,
];

it('--watch --json reports dead letters oldest first, as the other lists', async () => {
  const args = [...faultline, ...atCollector('list', '--watch', '0.2', '--json')];
  const running = follow(spawn(process.execPath, args, { cwd: root }));
  const nodes = () =>
    running
      .seen()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).row.node_id as string);
  await expect.poll(nodes).toEqual(['one', 'two']);
  await refuse('three');
  await expect.poll(nodes).toEqual(['one', 'two', 'three']);
  running.child.kill('SIGINT');
  expect(await running.ended).toBe(0);
});

describe.skipIf(isWithout('script', 'progress in a terminal'))('in a terminal', () => {
  it('replay shows how far it is', async () => {
    await database.command('ALTER TABLE failures DROP CONSTRAINT refuses');
    const { deadLetters } = collector.stats().queue;
    const shown = await printed(atCollector('replay', '--all'));
    expect(shown).toContain(`replaying [${'#'.repeat(20)}] ${deadLetters}/${deadLetters}`);
    expect(shown.trimEnd()).toMatch(new RegExp(`\\r\u001b\\[K${deadLetters} replayed$`));
  });

  it('migrate shows how far it is', async () => {
    const { url, username, password } = database.connection;
    const as = ['--clickhouse-user', username, '--clickhouse-password', password];
    const shown = await printed(['migrate', '--clickhouse-url', url, ...as]);
    const [, done, total] = /migrations \[#{20}\] (\d+)\/(\d+)/.exec(shown) ?? [];
    expect(Number(done)).toBeGreaterThan(0);
    expect(done).toBe(total);
    expect(shown.trimEnd()).toMatch(
      new RegExp(`\\r\u001b\\[Kapplied ${total} migrations, 0 were there before$`),
    );
  });
});
