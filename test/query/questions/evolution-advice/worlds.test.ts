// Seeded worlds in which it is known what is right: outages, regressions, drifts, good and harmful fixes.
import { expect, it } from 'vitest';
import { type Tally, tally } from './tally.ts';
import { ENOUGH, TOO_FEW } from './worlds.ts';

const WORLDS = 20;

const share = (tallies: readonly Tally[], of: (one: Tally) => number): number =>
  tallies.reduce((sum, one) => sum + of(one), 0) /
  tallies.reduce((sum, one) => sum + one.worlds, 0);

it('is right in 95 % of the worlds with enough runs, and waits or asks in the others', () => {
  const [enough, few] = [tally(ENOUGH, WORLDS), tally(TOO_FEW, WORLDS)];
  const right = share(enough, (one) => one.right);
  const needless = share([...enough, ...few], (one) => one.needless);
  console.log(
    [...enough, ...few]
      .map(
        (one) => `${((100 * one.right) / one.worlds).toFixed(0).padStart(5)} % right  ${one.kind}`,
      )
      .join('\n') +
      `\nright ${(100 * right).toFixed(1)} %, with too few runs ${(100 * share(few, (one) => one.right)).toFixed(1)} %, ` +
      `needless evolutions ${(100 * needless).toFixed(1)} %`,
  );
  expect(right).toBeGreaterThanOrEqual(0.95);
  expect(Math.min(...enough.map((one) => one.right / one.worlds))).toBeGreaterThanOrEqual(0.8);
  expect(share(few, (one) => one.right)).toBe(1);
  expect(needless).toBeLessThanOrEqual(0.02);
});
