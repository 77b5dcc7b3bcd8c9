// A queue that is copied while it is filled and emptied.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyQueue } from '../../../collector/queue/copy.ts';
import { toEntries } from '../../../collector/queue/entry.ts';
import { openQueue } from '../../../collector/queue/open.ts';
import type { RefusedRow } from '../../../collector/queue/store.ts';
import { rowsOf } from '../../support/sample-rows.ts';

const logger = pino({ level: 'silent' });
let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'faultline-copy-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const here = (name: string): string => join(parent, name);

/** Times of acceptance, by which the tests know entries, of what waits and of dead letters. */
function held(folder: string): { waiting: number[]; dead: number[] } {
  const { store, close } = openQueue(folder, logger);
  const batch = store.nextBatch({ bytes: 1e9, entries: 1e6 });
  const dead = [...store.deadLetters()].map(({ at }) => at);
  close();
  return { waiting: batch?.entries.map(({ at }) => at) ?? [], dead };
}

it('without a queue there is no copy', async () => {
  expect(await copyQueue(here('queue'), here('copy'))).toBe(false);
});

it('what waits and what was refused is in the copy, and the owner goes on', async () => {
  const { store, close } = openQueue(here('queue'), logger);
  for (let at = 1; at <= 5; at++) store.append(toEntries(rowsOf(`run-${at}`), at));
  const batch = store.nextBatch({ bytes: 1, entries: 1 })!;
  const refused: RefusedRow = { table: 'failures', index: 0, row: '{}', reason: 'broken' };
  store.confirm(batch, [{ ...refused }], 100);
  expect(await copyQueue(here('queue'), here('copy'))).toBe(true);
  store.append(toEntries(rowsOf('run-6'), 6));
  close();
  expect(await readdir(here('copy'))).not.toContain('owner');
  const copied = held(here('copy'));
  expect(copied.waiting.slice(0, 4)).toEqual([2, 3, 4, 5]);
  expect(copied.dead).toEqual([100]);
  expect(held(here('queue'))).toEqual({ waiting: [2, 3, 4, 5, 6], dead: [100] });
});

it('whatever happens meanwhile, an entry is in ClickHouse, in the copy, or in both', async () => {
  const { store, close } = openQueue(here('queue'), logger);
  const confirmed = new Set<number>();
  let last = 0;
  let isGoingOn = true;
  const owner = (async () => {
    while (isGoingOn) {
      for (let i = 0; i < 5; i++) store.append(toEntries(rowsOf(`run-${++last}`), last));
      const batch = store.nextBatch({ bytes: 1e9, entries: 3 })!;
      const refused = { table: 'failures', index: 0, row: '{}', reason: '' } as const;
      const isRefused = last % 2 === 0;
      store.confirm(batch, isRefused ? [refused] : [], batch.entries[0]!.at);
      for (const { at } of batch.entries.slice(isRefused ? 1 : 0)) confirmed.add(at);
      await wait(1);
    }
  })();
  for (let round = 0; round < 10; round++) {
    const accepted = last;
    const copy = here(`copy-${round}`);
    expect(await copyQueue(here('queue'), copy)).toBe(true);
    const { waiting, dead } = held(copy);
    const known = new Set([...confirmed, ...waiting, ...dead]);
    const lost = Array.from({ length: accepted }, (_, i) => i + 1).filter((at) => !known.has(at));
    expect(lost).toEqual([]);
  }
  isGoingOn = false;
  await owner;
  close();
});
