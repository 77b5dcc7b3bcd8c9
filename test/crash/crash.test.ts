// The quick rows of the crash table; `npm run test:crash` has them all.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rows } from './rows.ts';
import { CrashWorld } from './world.ts';

let world: CrashWorld;
beforeAll(async () => {
  world = await CrashWorld.start();
});
afterAll(() => world?.stop());

test.each(rows.filter(({ fast }) => fast))('$name loses and doubles nothing', async (row) => {
  await world.begin(row.name.toLowerCase().replaceAll(/[^a-z]+/g, '-'));
  const { recorded, lost, doubled } = await row.run(world, { outageMs: 0 });
  expect(recorded).toBeGreaterThanOrEqual(100);
  expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 });
});
