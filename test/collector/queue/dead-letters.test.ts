// Rows that ClickHouse refuses: never lost, never in the way of others.
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Collector, historyAccess, startCollector } from '../../../collector/index.ts';
import { runNode } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';
import { COLLECTOR, type Database, type Storage, startStorage } from './storage.ts';

let storage: Storage;
let database: Database;
let collector: Collector;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage?.end());

beforeEach(async () => {
  database = await storage.database();
  collector = await start();
  await database.command(
    "ALTER TABLE failures ADD CONSTRAINT no_bad_nodes CHECK NOT startsWith(node_id, 'bad')",
  );
  const nodes = ['good-1', 'bad-1', 'good-2', 'bad-2', 'good-3'];
  await sendSpans(
    collector.url,
    nodes.map((node) => failedAttempt('a', { 'graph.node.id': node, 'graph.run.id': node })),
  );
  await collector.drained();
});
afterEach(() => collector?.close());

function start(more: Partial<Parameters<typeof startCollector>[0]> = {}): Promise<Collector> {
  return startCollector({
    ...COLLECTOR,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, database.connection.database), maxBytes: 1_000_000 },
    logger: pino({ level: 'silent' }),
    ...more,
  });
}

const nodes = async (): Promise<string[]> => {
  const found = await database.select<{ node_id: string }>(
    'SELECT node_id FROM failures FINAL ORDER BY node_id',
  );
  return found.map(({ node_id }) => node_id);
};

async function verb(...args: string[]) {
  const cli = [...faultline, 'deadletters', ...args];
  const { code, stdout, stderr } = await runNode([...cli, '--collector-url', collector.url]);
  return { code, stdout: stdout.trim(), stderr: stderr.trim() };
}

test('the others land; the refused ones are kept with the reason', async () => {
  expect(await nodes()).toEqual(['good-1', 'good-2', 'good-3']);
  expect(collector.stats().queue).toMatchObject({ entries: 0, deadLetters: 2, refusedRows: 2 });
  const [attempts] = await database.select(
    'SELECT toUInt32(count()) AS n FROM node_attempts FINAL',
  );
  expect(attempts).toEqual({ n: 5 });

  const listed = await verb('list');
  expect(listed.stdout.split('\n')).toHaveLength(3);
  expect(listed.stdout).toContain('VIOLATED_CONSTRAINT (469)');
  const { items } = JSON.parse((await verb('list', '--json')).stdout);
  expect(items.map((item: { row: { node_id: string } }) => item.row.node_id)).toEqual([
    'bad-1',
    'bad-2',
  ]);
  const shown = await verb('show', items[0].id);
  expect(shown.stdout).toContain('"node_id": "bad-1"');
});

test('they outlive a restart and land by replay when the cause is gone', async () => {
  await collector.close();
  collector = await start();
  expect(await verb('replay', '--all')).toEqual({ code: 0, stdout: '2 replayed', stderr: '' });
  await collector.drained();
  expect(collector.stats().queue).toMatchObject({ entries: 0, deadLetters: 2 });

  await database.command('ALTER TABLE failures DROP CONSTRAINT no_bad_nodes');
  expect((await verb('replay', '--all')).stdout).toBe('2 replayed');
  await collector.drained();
  expect(await nodes()).toEqual(['bad-1', 'bad-2', 'good-1', 'good-2', 'good-3']);
  expect(collector.stats().queue).toMatchObject({ deadLetters: 0, deadLetterBytes: 0 });
});

test('one can be dropped; what is not there is said', async () => {
  const { items } = JSON.parse((await verb('list', '--json')).stdout);
  expect((await verb('drop', items[0].id)).stdout).toBe('1 dropped');
  expect(await verb('show', items[0].id)).toEqual({
    code: 1,
    stdout: '',
    stderr: `faultline: no dead letter ${items[0].id}`,
  });
  expect((await verb('drop')).stderr).toContain('give one id, or --all');
  expect((await verb('drop', '--all')).stdout).toBe('1 dropped');
  expect(collector.stats().queue).toMatchObject({ deadLetters: 0, deadLetterBytes: 0 });
});

test('a page in a browser gets nothing', async () => {
  const status = (headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request(`${collector.url}/admin/deadletters`, { method: 'DELETE', headers });
      asked.once('response', (answer) => resolve(answer.resume().statusCode));
      asked.once('error', reject).end();
    });
  expect(await status({ origin: 'http://evil.example' })).toBe(403);
  expect(await status({ host: 'evil.example' })).toBe(403);
  expect(collector.stats().queue.deadLetters).toBe(2);
});

test('with tokens they need the admin one, or where there is none the query one', async () => {
  const status = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${collector.url}/admin/deadletters`, { headers })).status;
  };
  await collector.close();
  collector = await start({ access: historyAccess(['reader'], ['admin']) });
  expect([await status('wrong'), await status('reader'), await status('admin')]).toEqual([
    401, 403, 200,
  ]);
  const bare = await fetch(`${collector.url}/admin/deadletters`);
  expect(bare.status).toBe(401);
  expect(bare.headers.get('www-authenticate')).toBe('Bearer realm="faultline"');
  expect((await verb('list')).stderr).toBe(
    'faultline: dead letters: a token with this right is needed as bearer',
  );
  expect((await verb('drop', '--all', '--token', 'reader')).stderr).toBe(
    'faultline: dead letters: an admin token is needed',
  );
  vi.stubEnv('FAULTLINE_TOKEN', 'admin');
  expect((await verb('drop', '--all')).stdout).toBe('2 dropped');
  vi.unstubAllEnvs();

  await collector.close();
  collector = await start({ access: historyAccess(['reader'], []) });
  expect([await status('wrong'), await status('reader')]).toEqual([401, 200]);
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

test.skipIf(!outside)(
  `from beyond this machine only with a token${outside ? '' : ' (skipped: no other address here)'}`,
  async () => {
    const ask = async (headers: Record<string, string> = {}): Promise<number> => {
      const url = `http://${outside}:${collector.port}/admin/deadletters`;
      return (await fetch(url, { headers })).status;
    };
    await collector.close();
    collector = await start({ host: '0.0.0.0' });
    expect([await ask(), await ask({ authorization: 'Bearer admin' })]).toEqual([403, 403]);
    await collector.close();
    collector = await start({ host: '0.0.0.0', access: historyAccess([], ['admin']) });
    expect([await ask(), await ask({ authorization: 'Bearer admin' })]).toEqual([401, 200]);
  },
);
