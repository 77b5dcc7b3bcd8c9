// The queue by itself: its bound, its file, its owner, its batches.
import {
  cp,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toEntries } from '../../../collector/queue/entry.ts';
import { openQueue } from '../../../collector/queue/open.ts';
import { DurableQueue } from '../../../collector/queue/queue.ts';
import { accept, SinkRefused, SinkUnavailable } from '../../../collector/queue/sink.ts';
import { LAYOUTS } from '../../../collector/rows/columns.ts';
import { readRows } from '../../../collector/rows/row-binary-reader.ts';
import { rowsOf } from '../../support/sample-rows.ts';

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
function filled(requests: number) {
  const queue = open();
  for (let i = 0; i < requests; i++) queue.store.append(toEntries(rowsOf(`run-${i}`), i));
  return queue;
}

test('a batch is the same after a restart, whatever came behind it', async () => {
  const before = filled(3);
  const batch = before.store.nextBatch(LIMITS)!;
  before.store.append(toEntries(rowsOf('later'), 9));
  before.close();

  const after = open();
  expect(after.store.nextBatch({ bytes: 1_000_000, entries: 1000 })).toEqual(batch);
  after.store.confirm(batch, [], 0);
  expect(after.store.nextBatch(LIMITS)).toMatchObject({ from: batch.to + 1, to: batch.to + 1 });
  after.close();
});

test('batches are bounded, follow each other, and take everything once', async () => {
  const { store, close } = filled(40);
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
  close();
});

test('what is done gives its room back, also between restarts', async () => {
  const bytesOnDisk = async () => {
    const files = (await readdir(folder)).filter((name) => name.startsWith('entries-'));
    const sizes = await Promise.all(files.map((name) => stat(join(folder, name))));
    return sizes.reduce((sum, { size }) => sum + size, 0);
  };
  const large = (at: number) => ({
    at,
    tables: { failures: { rows: 1, layout: LAYOUTS.failures.id, bytes: Buffer.alloc(1e6, at) } },
  });
  const before = open();
  for (let at = 0; at < 50; at++) before.store.append([large(at)]);
  expect(await bytesOnDisk()).toBeGreaterThan(50e6);
  before.store.confirm(before.store.nextBatch({ bytes: 40e6, entries: 100 })!, [], 0);
  expect(await bytesOnDisk()).toBeLessThan(30e6);
  before.close();
  const after = open();
  const batch = after.store.nextBatch({ bytes: 1e9, entries: 100 })!;
  const left = batch.entries.map(({ at, tables }) => [at, tables.failures!.bytes.at(-1)]);
  expect(left).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49].map((at) => [at, at]));
  after.store.confirm(batch, [], 0);
  expect(await bytesOnDisk()).toBe(0);
  after.store.append([large(50)]);
  expect(after.store.nextBatch(LIMITS)).toMatchObject({ from: 51, to: 51 });
  after.close();
});

test('dead letters are there once, whatever crash comes between them and the end of their batch', async () => {
  const before = filled(3);
  const batch = before.store.nextBatch({ bytes: 1e9, entries: 2 })!;
  const refused = [0, 1].map((index) => {
    return { table: 'failures' as const, index, row: `{"row":${index}}`, reason: 'refused' };
  });
  const crashed = join(parent, 'crashed');
  const head = await readFile(join(folder, 'head'));
  before.store.confirm(batch, refused, 7);
  await cp(folder, crashed, { recursive: true });
  await rm(join(crashed, 'owner'));
  before.store.removeDeadLetters(['1.failures.0']);
  before.close();

  const after = open();
  expect([...after.store.deadLetters()]).toEqual([
    { id: '1.failures.1', table: 'failures', row: '{"row":1}', reason: 'refused', at: 7 },
  ]);
  after.store.removeDeadLetters(['1.failures.1', 'unknown', '9.failures.0']);
  expect(after.store.state).toMatchObject({ deadLetters: 0, deadLetterBytes: 0 });
  after.close();

  // The letters had come to disk, and that the batch is done had not.
  await writeFile(join(crashed, 'head'), head);
  const replayed = openQueue(crashed, logger);
  expect(replayed.store.state.deadLetters).toBe(0);
  const again = replayed.store.nextBatch(LIMITS)!;
  expect(again).toMatchObject({ id: batch.id, entries: batch.entries });
  replayed.store.confirm(again, refused.slice(1), 8);
  expect([...replayed.store.deadLetters()].map(({ id }) => id)).toEqual(['1.failures.1']);
  expect(replayed.store.state).toMatchObject({ deadLetters: 1, deadLetterBytes: 9 });
  replayed.close();
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

function largeRows() {
  const rows = rowsOf('large');
  const [failure] = rows.failures;
  rows.failures = Array.from({ length: 50 }, (_, attempt) => {
    return { ...failure!, attempt, input_context: 'x'.repeat(100_000) };
  });
  return rows;
}

test('a large request is committed in pieces, and others have their turn between them', async () => {
  const { store, close } = open();
  const order: string[] = [];
  let appended = 0;
  const queue = new DurableQueue({ store, maxBytes: 1e9, logger, appended: () => appended++ });
  await Promise.all([
    accept(queue, largeRows()).then(() => order.push('large')),
    accept(queue, rowsOf('small')).then(() => order.push('small')),
  ]);
  expect(order).toEqual(['small', 'large']);
  expect(appended).toBeGreaterThan(3);
  expect(store.state.last).toBe(toEntries(largeRows(), 0).length + 1);
  close();
});

test('a large request that fails after some of its pieces is refused, and holds no room', async () => {
  const { store, close } = open();
  const { length } = toEntries(largeRows(), 0);
  let fails = true;
  const failing = new Proxy(store, {
    get: (target, name) => {
      if (name === 'append' && fails && store.state.last === 2) {
        return () => {
          throw new Error('no space');
        };
      }
      const member = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const maxBytes = 3 * 5_100_000;
  const queue = new DurableQueue({ store: failing, maxBytes, logger, appended: () => {} });
  for (let i = 0; i < 10; i++) {
    await expect(accept(queue, largeRows())).rejects.toThrow('no space');
  }
  expect(store.state.last).toBe(2);
  fails = false;
  await accept(queue, largeRows());
  expect(store.state.last).toBe(2 + length);
  close();
});

test('above the bound it says so and takes nothing; with room again it goes on', async () => {
  const { store, close } = open();
  let appended = 0;
  const queue = new DurableQueue({ store, maxBytes: 10_000, logger, appended: () => appended++ });
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => accept(queue, rowsOf(`run-${index}`))),
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
  await accept(queue, rowsOf('later'));
  queue.close();
  await expect(accept(queue, rowsOf('too late'))).rejects.toThrow('shutting down');
  close();
});

test('a value that no column can hold is refused by the name of its column', async () => {
  const { store, close } = open();
  const queue = new DurableQueue({ store, maxBytes: 1_000_000, logger, appended: () => {} });
  const rows = rowsOf('run');
  rows.failures[0]!.attempt = 2 ** 32;
  await expect(accept(queue, rows)).rejects.toEqual(new SinkRefused('attempt: not a UInt32'));
  await accept(queue, rowsOf('next'));
  expect(store.state.last).toBe(1);
  close();
});

test('a request that is larger than the bound is taken by an empty queue', async () => {
  const { store, close } = open();
  const queue = new DurableQueue({ store, maxBytes: 1, logger, appended: () => {} });
  await accept(queue, rowsOf('large'));
  expect(queue.notReady()).toBe('the queue is full');
  close();
});

test('a span without a time keeps the one it was first given, also after a restart', async () => {
  const before = open();
  const options = { maxBytes: 1_000_000, logger, appended: () => {} };
  const queue = new DurableQueue({ store: before.store, ...options });
  expect(queue.receivedAt('t', 's', 1n)).toBe(1n);
  expect(queue.receivedAt('t', 's', 2n)).toBe(1n);
  await accept(queue, rowsOf('run'));
  before.close();
  const after = open();
  const again = new DurableQueue({ store: after.store, ...options });
  expect(again.receivedAt('t', 's', 3n)).toBe(1n);
  expect(again.receivedAt('t', 'other', 4n)).toBe(4n);
  after.close();
});

test('of spans without a time the newest are remembered, in two files, also after a restart', async () => {
  const MOST = 100_000;
  const times = (from: number) =>
    new Map(
      Array.from({ length: MOST }, (_, index) => [`span ${from + index}`, `${from + index}`]),
    );
  const before = open();
  for (const from of [0, MOST, 2 * MOST]) before.store.append([], times(from));
  before.close();
  const files = (await readdir(folder)).filter((name) => name.startsWith('first-seen-'));
  expect(files).toEqual(['first-seen-000000002.log', 'first-seen-000000003.log']);
  const after = open();
  const known = [0, MOST, 2 * MOST - 1, 2 * MOST, 3 * MOST - 1].map((number) =>
    after.store.firstSeen(`span ${number}`),
  );
  const kept = [MOST, 2 * MOST - 1, 2 * MOST, 3 * MOST - 1].map(String);
  expect(known).toEqual([undefined, ...kept]);
  after.store.append([], new Map([['next', '7']]));
  after.close();
  expect(await readdir(folder)).toContain('first-seen-000000004.log');
});

/** The file of the queue whose name begins like this. */
async function filesOf(name: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((file) => file.startsWith(name));
  return names.map((file) => join(folder, file));
}

const fileOf = async (name: string): Promise<string> => (await filesOf(name))[0]!;

const scribble = async (file: string, at: number, length: number): Promise<void> => {
  const handle = await openFile(file, 'r+');
  await handle.write(Buffer.alloc(length, 'no record '), 0, length, at);
  await handle.close();
};

test.each<[string, (file: string) => Promise<void>, left: number]>([
  ['overwritten', (file) => writeFile(file, Buffer.alloc(60_000, 'no queue')), 0],
  ['emptied', (file) => truncate(file, 0), 0],
  ['cut off', async (file) => truncate(file, (await stat(file)).size - 100), 29],
  ['scribbled on', async (file) => scribble(file, (await stat(file)).size - 100, 50), 29],
])(
  'what is left of a file that was %s goes on, and all of it is put aside',
  async (_how, damage, left) => {
    filled(30).close();
    const file = await fileOf('entries-');
    const before = await readFile(file);
    await damage(file);
    const damaged = await readFile(file);
    expect(damaged.equals(before)).toBe(false);
    const queue = open();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/is damaged: what can be read goes on, .*-broken-/);
    const times = queue.store.nextBatch({ bytes: 1e9, entries: 1e9 })?.entries.map(({ at }) => at);
    expect(times ?? []).toEqual(Array.from({ length: left }, (_, at) => at));
    queue.store.append(toEntries(rowsOf('new'), 0));
    queue.close();
    const aside = (await readdir(parent)).find((name) => name.startsWith('queue-broken-'))!;
    const [kept] = await readdir(join(parent, aside));
    expect((await readFile(join(parent, aside, kept!))).equals(damaged)).toBe(true);
    // It was mended for good.
    open().close();
    expect(said).toHaveLength(1);
  },
);

test('an append that was cut off by a crash is no damage', async () => {
  const before = filled(5);
  const file = await fileOf('entries-');
  const { size } = await stat(file);
  before.store.append([5, 6].flatMap((at) => toEntries(rowsOf('cut'), at)));
  // As it is now, not closed, but the first of the two was never written and the second was.
  const crashed = join(parent, 'crashed');
  await cp(folder, crashed, { recursive: true });
  await rm(join(crashed, 'owner'));
  await scribble(join(crashed, basename(file)), size, 40);
  before.close();
  const after = openQueue(crashed, logger);
  expect(said).toEqual([]);
  expect(after.store.state.last).toBe(5);
  after.store.append(toEntries(rowsOf('next'), 9));
  const { entries } = after.store.nextBatch({ bytes: 1e9, entries: 1e9 })!;
  expect(entries.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4, 9]);
  after.close();
});

test('without the file that says where it stood, everything that is there is inserted again', async () => {
  const before = filled(4);
  const refused = { table: 'failures' as const, index: 0, row: '{}', reason: 'refused' };
  before.store.confirm(before.store.nextBatch({ bytes: 1, entries: 2 })!, [refused], 0);
  before.close();
  await rm(join(folder, 'head'));
  const after = open();
  expect(said).toEqual([expect.stringMatching(/^where the queue .* stood cannot be read/)]);
  const { entries } = after.store.nextBatch({ bytes: 1e9, entries: 1e9 })!;
  expect(entries.map(({ at }) => at)).toEqual([0, 1, 2, 3]);
  // Its row is among them, and is refused again if it still has to be.
  expect(after.store.state.deadLetters).toBe(0);
  after.close();
});

test('what becomes unreadable while it waits is said and does not block what is behind it', async () => {
  const { store, close } = filled(3);
  const file = await fileOf('entries-');
  const { size } = await stat(file);
  store.append(toEntries(rowsOf('lost'), 3));
  store.append(toEntries(rowsOf('behind'), 4));
  // More than stays in memory: what was before is read back.
  const large = toEntries(rowsOf('x'.repeat(17_000_000)), 5);
  store.append(large);
  await scribble(file, size, 100);
  const all = { bytes: 1e9, entries: 1e9 };
  const batch = store.nextBatch(all)!;
  expect(batch.entries.map(({ at }) => at)).toEqual([0, 1, 2, 4, ...large.map(({ at }) => at)]);
  expect(said).toEqual(['entries of the queue cannot be read']);
  store.confirm(batch, [], 0);

  store.append(toEntries(rowsOf('lost too'), 6));
  store.append(large);
  for (const path of await filesOf('entries-')) {
    await scribble(path, 512, (await stat(path)).size);
  }
  const empty = store.nextBatch(all)!;
  expect(empty.entries).toEqual([]);
  store.confirm(empty, [], 0);
  expect(store.nextBatch(all)).toBeUndefined();
  close();
});

test('a queue has one owner', async () => {
  const first = open();
  expect(open).toThrow(/in use by another process \(pid \d+\).*--data-dir/);
  first.close();
  open().close();
  // Left by a process that was killed.
  await writeFile(join(folder, 'owner'), '999999999 1');
  open().close();
  await writeFile(join(folder, 'owner'), `${process.ppid} another start`);
  open().close();
});

test('a folder that cannot be made is one clear line', async () => {
  await writeFile(folder, 'a file');
  expect(open).toThrow(/^Cannot write the queue .*--data-dir\.$/);
});

test('new entries are not read back: the drain has them although their file is overwritten', async () => {
  const { store, close } = filled(5);
  const [file] = (await readdir(folder)).filter((name) => name.startsWith('entries-'));
  const { size } = await stat(join(folder, file!));
  await writeFile(join(folder, file!), Buffer.alloc(size));
  const batch = store.nextBatch({ bytes: 1_000_000, entries: 100 })!;
  expect(batch.entries).toEqual([0, 1, 2, 3, 4].flatMap((i) => toEntries(rowsOf(`run-${i}`), i)));
  store.confirm(batch, [], 0);
  expect(store.state).toMatchObject({ bytes: 0, done: 5 });
  close();
});

test('more than stays in memory comes from disk and then from memory, each entry once', () => {
  const large = () => toEntries(rowsOf(`run-${'x'.repeat(200_000)}`), 0);
  const { store, close } = open();
  for (let i = 0; i < 60; i++) store.append(large().map((entry) => ({ ...entry, at: i })));
  expect(store.state.bytes).toBeGreaterThan(2 * 16 * 1024 ** 2);
  const appended = store.state.last;
  const seen: number[] = [];
  for (;;) {
    const batch = store.nextBatch({ bytes: 3_000_000, entries: 1000 });
    if (batch === undefined) break;
    expect(batch.from).toBe(seen.length + 1);
    seen.push(...batch.entries.map(({ at }) => at));
    store.confirm(batch, [], 0);
  }
  expect(seen).toHaveLength(appended);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(new Set(seen).size).toBe(60);
  close();
});
