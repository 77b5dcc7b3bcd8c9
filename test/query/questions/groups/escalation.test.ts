// How often groups are called escalating, over seeded ones: steady, with more traffic, and such that surge.
import { describe, expect, it } from 'vitest';
import {
  DAY_HOURS,
  escalationIn,
  type Hourly,
  WEEK_HOURS,
} from '../../../../query/questions/groups/escalation.ts';
import { seeded } from '../ledger/random.ts';
import { groupOf, poisson, SHAPES, type Shape } from './surges.ts';

const GROUPS = 400;
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

function shareEscalating(seed: number, group: (random: () => number) => Hourly): number {
  const random = seeded(seed);
  const found = Array.from({ length: GROUPS }, () => escalationIn(group(random)));
  return found.filter((one) => one !== undefined).length / GROUPS;
}

describe('of groups with 0.5 to 4 failures an hour', () => {
  it.each(SHAPES)('that are steady (%s), few do', (shape: Shape) => {
    const share = shareEscalating(1, (random) => groupOf(random, shape, 1));
    console.log(`steady, ${shape}: ${percent(share)}`);
    expect(share).toBeLessThanOrEqual(0.03);
  });

  it.each([
    [4, 0.6],
    [10, 0.95],
  ])('that fail %d times as often for two hours, enough do', (growth, least) => {
    const share = shareEscalating(2, (random) => groupOf(random, 'flat', growth));
    console.log(`${growth} times as often: ${percent(share)}`);
    expect(share).toBeGreaterThanOrEqual(least);
  });

  it('that are only tried more often, none does', () => {
    const share = shareEscalating(3, (random) => {
      const hourly = groupOf(random, 'flat', 6);
      const tried = hourly.failed.map((_, index) => {
        const isNow = index >= hourly.failed.length - 3;
        return poisson(random, (isNow ? 6 : 1) * 20) + hourly.failed[index]!;
      });
      return { ...hourly, tried };
    });
    expect(share).toBeLessThanOrEqual(0.01);
  });

  it('that always came in bursts, few do at the next one', () => {
    const share = shareEscalating(4, (random) => {
      const hourly = groupOf(random, 'flat', 1);
      const failed = hourly.failed.map((count) => (random() < 0.05 ? count + 12 : count));
      return { ...hourly, failed: failed.with(-2, failed.at(-2)! + 12) };
    });
    console.log(`one more burst: ${percent(share)}`);
    expect(share).toBeLessThanOrEqual(0.2);
  });
});

describe('the expectation', () => {
  const hourly = (failed: number[], tried?: number[]): Hourly => ({
    failed,
    first: 490_000,
    elapsed: 1,
    tried,
  });
  const steady = Array.from({ length: WEEK_HOURS + DAY_HOURS }, () => 2);

  it('is shown with its numbers', () => {
    expect(escalationIn(hourly(steady.with(-1, 30)))).toMatchObject({
      hour: 191,
      hours: 1,
      failed: 30,
      expected: 2,
    });
  });

  it('is not made of less than a day, nor passed by what is over', () => {
    expect(escalationIn(hourly(Array.from({ length: DAY_HOURS + 5 }, () => 500)))).toBeUndefined();
    expect(escalationIn(hourly(steady.with(-5, 100)))).toBeUndefined();
    expect(escalationIn(hourly([]))).toBeUndefined();
  });

  it('holds where all tries failed before: then counts decide', () => {
    const surge = steady.with(-1, 30);
    expect(escalationIn(hourly(surge, surge))).toBeDefined();
    const tried = surge.map((count) => count * 10);
    expect(escalationIn(hourly(surge, tried))).toBeUndefined();
  });
});
