// Backups of a Faultline that runs, restored into an empty place.
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWhole } from '../../../deploy/backup/folder.ts';
import { backUpTo, restoreFrom } from '../../../deploy/backup/index.ts';
import { passwordOf } from '../../../deploy/engine/folder.ts';
import { readSettings, type Settings } from '../../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../../deploy/start.ts';
import { createClient as createHistory } from '../../../query/index.ts';
import { failedAttempt, goodAttempt, sendSpans } from '../../support/world.ts';

const TABLES = ['failures', 'node_attempts', 'graph_runs', 'evolutions', 'graph_snapshots'];

let folder: string;
let running: Running | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-backup-'));
});
afterAll(async () => {
  await running?.stop();
  await rm(folder, { recursive: true, force: true });
});

const settingsFor = (dataDir: string, more: Record<string, unknown> = {}): Settings =>
  readSettings(
    {
      'data-dir': join(folder, dataDir),
      'otlp-http-port': 0,
      'otlp-grpc-port': 0,
      'query-port': 0,
      'embedded-port': 0,
      'log-level': 'silent',
      ...more,
    },
    {},
  );

async function startIn(settings: Settings): Promise<Running> {
  running = await start(settings, createLogger(settings));
  return running;
}

const selecting = async (dataDir: string, url: string) => {
  const password = await passwordOf(join(folder, dataDir), 'faultline');
  return createClient({
    url,
    username: 'faultline',
    password,
    database: 'faultline',
    log: { level: ClickHouseLogLevel.OFF },
  });
};

/** Rows of an agent in every table, and all that they hold as one number. */
async function contents(dataDir: string, url: string): Promise<Record<string, string>> {
  const client = await selecting(dataDir, url);
  const found: Record<string, string> = {};
  for (const table of TABLES) {
    const result = await client.query({
      query: `SELECT concat(toString(count()), ' ', toString(sum(cityHash64(*)))) AS told
              FROM ${table} FINAL WHERE agent_id IN ('a', 'reviewer')`,
      format: 'JSONEachRow',
    });
    found[table] = (await result.json<{ told: string }>())[0]!.told;
  }
  await client.close();
  return found;
}

/** What is asked before and after; without what depends on the time of asking. */
async function answers(url: string) {
  const history = createHistory({ url, fresh: true });
  const { items } = await history.recentFailures({ agent: 'a' });
  const { items: groups } = await history.groups({ agent: 'a' });
  const { items: evolutions } = await history.evolutions({ agent: 'a' });
  return {
    items,
    groups: groups.map(({ fingerprint, failures }) => ({ fingerprint, failures })),
    evolutions,
  };
}

async function deadLetters(collector: string): Promise<number> {
  const response = await fetch(`${collector}/admin/deadletters`);
  return ((await response.json()) as { total: number }).total;
}

/** A disk that was full leaves files that are too short, the list of them too. */
async function expectRefusedCutOff(backup: string): Promise<void> {
  const names = await readdir(backup, { recursive: true });
  const data = names.find((name) => name.endsWith('data.bin'))!;
  for (const name of [data, '.backup']) {
    const cut = join(folder, 'cut-off');
    await cp(backup, cut, { recursive: true });
    await truncate(join(cut, name), 30);
    await expect(restoreFrom(cut, settingsFor('none'))).rejects.toThrow(/is not whole: .*cut off/);
    const made = join(folder, 'made');
    const making = makeWhole(made, (part) => cp(cut, part, { recursive: true }));
    await expect(making).rejects.toThrow(/was cut off .*, and is removed/);
    expect((await readdir(folder)).filter((one) => one.startsWith('made'))).toEqual([]);
    await rm(cut, { recursive: true });
  }
}

/**
 * The checksums of a table's files show what the list of a backup does not. What was restored before is gone again, and
 * the folder takes another. It is left as by a restore that was killed.
 */
async function expectRefusedDamaged(backup: string, settings: Settings): Promise<void> {
  const damaged = join(folder, 'damaged');
  await cp(backup, damaged, { recursive: true });
  const names = await readdir(damaged, { recursive: true });
  const data = join(damaged, names.find((one) => /failures\/.*data\.bin$/.test(one))!);
  await writeFile(data, (await readFile(data)).fill(7));
  await expect(restoreFrom(damaged, settings)).rejects.toThrow(/table failures are damaged/);
  await restoreFrom(backup, settings);

  await writeFile(join(settings['data-dir'], 'unfinished-restore'), '');
  await expect(startIn(settings)).rejects.toThrow(/holds a restore that did not end/);
  await expect(backUpTo(join(folder, 'of-it'), settings)).rejects.toThrow(/did not end/);
  await rm(damaged, { recursive: true });
}

it('everything that was accepted is there again, dead letters too', async () => {
  const settings = settingsFor('first');
  const first = await startIn(settings);
  const nodes = ['parse', 'plan', 'answer'];
  await sendSpans(
    first.otlpHttp,
    nodes.flatMap((node) => [
      failedAttempt('a', { 'graph.node.id': node, 'exception.message': `${node} broke` }),
      goodAttempt('a', { 'graph.node.id': node, 'graph.node.attempt': 2 }),
    ]),
  );
  await first.drained();
  const history = createHistory({ url: first.query });
  const [failure] = (await history.recentFailures({ agent: 'a' })).items;
  await history.recordEvolution({
    agent_id: 'a',
    resolution: 'the total is checked',
    target_fingerprints: [failure!.fingerprint],
  });
  const client = await selecting('first', first.clickhouse);
  await client.command({
    query: "ALTER TABLE failures ADD CONSTRAINT refuses CHECK agent_id != 'refused'",
  });
  await client.close();
  await sendSpans(first.otlpHttp, [failedAttempt('refused')]);
  await first.drained();
  expect(await deadLetters(first.otlpHttp)).toBe(1);

  const before = await contents('first', first.clickhouse);
  const asked = await answers(first.query);
  const seen: number[] = [];
  const backup = join(folder, 'backups', 'monday');
  const [made] = await Promise.all([
    backUpTo(backup, settings, (done) => seen.push(done)),
    // It goes on taking what comes in.
    sendSpans(first.otlpHttp, [failedAttempt('meanwhile')]),
  ]);
  expect(made.tables.failures).toBeGreaterThanOrEqual(3);
  expect(seen.length).toBeGreaterThan(0);
  await expect(backUpTo(backup, settings)).rejects.toThrow(/monday is there already/);
  await expectRefusedCutOff(backup);
  await expect(restoreFrom(backup, settings)).rejects.toThrow(/in use by another process/);
  await first.stop();
  await expect(restoreFrom(backup, settings)).rejects.toThrow(
    /1 dead letters are in the queue|is not empty: it has \d+ tables/,
  );

  const second = settingsFor('second');
  await expectRefusedDamaged(backup, second);
  const restored = await restoreFrom(backup, second);
  expect(Object.keys(restored.tables)).toEqual(Object.keys(made.tables));
  const again = await startIn(second);
  expect(await contents('second', again.clickhouse)).toEqual(before);
  expect(await answers(again.query)).toEqual(asked);
  expect(await deadLetters(again.otlpHttp)).toBe(1);

  // The same as a server of one's own: its place is one that it can reach itself.
  const connection = {
    'clickhouse-url': again.clickhouse,
    'clickhouse-user': 'faultline',
    'clickhouse-password': await passwordOf(join(folder, 'second'), 'faultline'),
  };
  const server = settingsFor('third', connection);
  await expect(backUpTo('/mnt/monday', server)).rejects.toThrow(/no place that a server can reach/);
  await backUpTo("File('tuesday')", server);
  await expect(restoreFrom("File('tuesday')", server)).rejects.toThrow(
    /the database faultline is not empty: it has \d+ tables, failures with \d+ rows/,
  );
  const owner = await selecting('second', again.clickhouse);
  await owner.command({ query: 'DROP DATABASE faultline SYNC' });
  await owner.close();
  await expect(restoreFrom("File('wednesday')", server)).rejects.toThrow(/not found/);
  await restoreFrom("File('tuesday')", server);
  expect(await contents('second', again.clickhouse)).toEqual(before);
});

// Node's own recursive mkdir never comes back from there.
it.runIf(process.platform === 'linux')('a folder that cannot be made is refused', async () => {
  await expect(backUpTo('/proc/nothing/here', settingsFor('fifth'))).rejects.toThrow(
    /no folder can be made for \/proc\/nothing\/here: ENOENT/,
  );
});

it('an object store is refused where there is no server', async () => {
  const backup = backUpTo("S3('http://127.0.0.1:9/bucket/monday')", settingsFor('sixth'));
  await expect(backup).rejects.toThrow(/embedded engine cannot write to S3/);
});

it('a folder without a backup is refused', async () => {
  await expect(restoreFrom(folder, settingsFor('fourth'))).rejects.toThrow(/no backup is in/);
});
