// The queue by itself: its bound, its file, its owner, its batches.
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LAYOUTS } from '../../../collector/columns.ts';
import { toEntries } from '../../../collector/queue/entry.ts';
import { openQueue } from '../../../collector/queue/open.ts';
import { DurableQueue } from '../../../collector/queue/queue.ts';
import { readRows } from '../../../collector/row-binary.ts';
import { SinkRefused, SinkUnavailable } from '../../../collector/sink.ts';
import { rowsOf } from '../sample-rows.ts';

const LIMITS = { bytes: 8_000, entries: 100 };

let parent: string;
let folder: string;
let said: string[];
const logger = pino({ base: null }, { write: (line) => said.push(JSON.parse(line).msg) });

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'faultline-queue-'));
  folder = join(parent, 'queue');
  said = [];
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const open = () => openQueue(folder, logger);

/** Opens the queue with as many requests in it. */
async function filled(requests: number) {
  const queue = await open();
  for (let i = 0; i < requests; i++) queue.store.append(toEntries(rowsOf(`run-${i}`), i));
  return queue;
}

test('a batch is the same after a restart, whatever came behind it', async () => {
  const before = await filled(3);
  const batch = before.store.nextBatch(LIMITS)!;
  before.store.append(toEntries(rowsOf('later'), 9));
  await before.close();

  const after = await open();
  expect(after.store.nextBatch({ bytes: 1_000_000, entries: 1000 })).toEqual(batch);
  after.store.confirm(batch, [], 0);
  expect(after.store.nextBatch(LIMITS)).toMatchObject({ from: batch.to + 1, to: batch.to + 1 });
  await after.close();
});

test('batches are bounded, follow each other, and take everything once', async () => {
  const { store, close } = await filled(40);
  const seen: number[] = [];
  for (;;) {
    const batch = store.nextBatch(LIMITS);
    if (batch === undefined) break;
    expect(batch.entries.length).toBeLessThan(10);
    seen.push(...batch.entries.map(({ at }) => at));
    store.confirm(batch, [], 0);
  }
  expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index));
  expect(store.state).toMatchObject({ bytes: 0, last: 40, done: 40, batchTo: 0 });
  expect(store.oldest()).toBeUndefined();
  await close();
});

test('a large request becomes several entries, with every row in its order', () => {
  const rows = rowsOf('run');
  const [failure] = rows.failures;
  rows.failures = Array.from({ length: 50 }, (_, attempt) => {
    return { ...failure!, attempt, input_context: 'x'.repeat(100_000) };
  });
  const entries = toEntries(rows, 0);
  expect(entries.length).toBeGreaterThan(3);
  const { columns } = LAYOUTS.failures;
  const failures = entries.flatMap(({ tables }) =>
    tables.failures ? [...readRows(tables.failures.bytes, columns)] : [],
  );
  expect(failures.map(({ row }) => row.attempt)).toEqual([...Array(50).keys()]);
});

test('above the bound it says so and takes nothing; with room again it goes on', async () => {
  const { store, close } = await open();
  let appended = 0;
  const queue = new DurableQueue({ store, maxBytes: 10_000, logger, appended: () => appended++ });
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => queue.accept(rowsOf(`run-${index}`))),
  );
  const taken = answers.filter(({ status }) => status === 'fulfilled').length;
  const refused = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(refused.reason).toBeInstanceOf(SinkUnavailable);
  expect({ last: store.state.last, appended }).toEqual({ last: taken, appended: 1 });
  expect(store.state.bytes).toBeLessThanOrEqual(10_000);
  // There is room, but not for what came.
  expect(queue.notReady()).toBe('the queue is full');

  store.confirm(store.nextBatch(LIMITS)!, [], 0);
  expect(queue.notReady()).toBeUndefined();
  await queue.accept(rowsOf('later'));
  queue.close();
  await expect(queue.accept(rowsOf('too late'))).rejects.toThrow('shutting down');
  await close();
});

test('a value that no column can hold is refused by the name of its column', async () => {
  const { store, close } = await open();
  const queue = new DurableQueue({ store, maxBytes: 1_000_000, logger, appended: () => {} });
  const rows = rowsOf('run');
  rows.failures[0]!.attempt = 2 ** 32;
  await expect(queue.accept(rows)).rejects.toEqual(new SinkRefused('attempt: not a UInt32'));
  await queue.accept(rowsOf('next'));
  expect(store.state.last).toBe(1);
  await close();
});

test('a request that is larger than the bound is taken by an empty queue', async () => {
  const { store, close } = await open();
  const queue = new DurableQueue({ store, maxBytes: 1, logger, appended: () => {} });
  await queue.accept(rowsOf('large'));
  expect(queue.notReady()).toBe('the queue is full');
  await close();
});

test('a span without a time keeps the one it was first given, also after a restart', async () => {
  const before = await open();
  const options = { maxBytes: 1_000_000, logger, appended: () => {} };
  const queue = new DurableQueue({ store: before.store, ...options });
  expect(queue.receivedAt('t', 's', 1n)).toBe(1n);
  expect(queue.receivedAt('t', 's', 2n)).toBe(1n);
  await queue.accept(rowsOf('run'));
  await before.close();
  const after = await open();
  const again = new DurableQueue({ store: after.store, ...options });
  expect(again.receivedAt('t', 's', 3n)).toBe(1n);
  expect(again.receivedAt('t', 'other', 4n)).toBe(4n);
  await after.close();
});

test.each([
  ['overwritten', (file: string) => writeFile(file, Buffer.alloc(60_000, 'not LMDB'))],
  ['cut off', (file: string) => truncate(file, 10_000)],
  ['empty', (file: string) => truncate(file, 0).then(() => writeFile(file, 'x'))],
])('a file that was %s is moved aside, with one line', async (_how, damage) => {
  await (await filled(30)).close();
  await damage(join(folder, 'data.mdb'));
  const { store, close } = await open();
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/cannot be read \(.+\): moved to .*-broken-/);
  expect(store.state.last).toBe(0);
  store.append(toEntries(rowsOf('new'), 0));
  await close();
  const aside = (await readdir(parent)).find((name) => name.startsWith('queue-broken-'))!;
  expect(await readdir(join(parent, aside))).toContain('data.mdb');
});

test('a queue has one owner', async () => {
  const first = await open();
  await expect(open()).rejects.toThrow(/in use by another process \(pid \d+\).*--data-dir/);
  await first.close();
  await (await open()).close();
  // Left by a process that was killed.
  await writeFile(join(folder, 'owner'), '999999999 1');
  await (await open()).close();
  await writeFile(join(folder, 'owner'), `${process.ppid} another start`);
  await (await open()).close();
});

test('a folder that cannot be made is one clear line', async () => {
  await writeFile(folder, 'a file');
  await expect(open()).rejects.toThrow(/^Cannot write the queue .*--data-dir\.$/);
});
