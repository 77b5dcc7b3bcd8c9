// Verdicts where runs fail together: in outages that fall on one side of a change by chance.
import { describe, expect, it } from 'vitest';
import {
  BLOCK_MS,
  burstsIn,
  designEffect,
  joinBlocks,
} from '../../../../query/questions/ledger/clustering.ts';
import { type Elsewhere, outagesOf } from '../../../../query/questions/ledger/outages.ts';
import type { Verdict } from '../../../../query/questions/ledger/schemas.ts';
import {
  controlledVerdict,
  HOUR,
  outageWorld,
  runsIn,
  sideOf,
  steadyWorld,
  verdictAt,
} from './worlds.ts';

const WORLDS = 200;
const seeds = Array.from({ length: WORLDS }, (_, seed) => seed);
const isClaim = (verdict: Verdict) => verdict === 'effective' || verdict === 'harmful';
const share = (verdicts: Verdict[], fits: (verdict: Verdict) => boolean) =>
  verdicts.filter(fits).length / verdicts.length;
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

describe('where a fix did nothing and failures came in two to five outages within 48 hours', () => {
  const kinds = [
    { perHour: 4, chance: 0.9 },
    { perHour: 12.5, chance: 0.5 },
    { perHour: 12.5, chance: 0.9 },
    { perHour: 60, chance: 0.9, otherwise: 0.01 },
  ];
  it.each(kinds)('at most 5 % of the verdicts are wrong: %o', (kind) => {
    const judged = seeds.map((seed) => verdictAt(outageWorld(seed, kind).runs, 24 * HOUR));
    const wrong = share(
      judged.map(({ verdict }) => verdict),
      isClaim,
    );
    const plain = share(
      judged.map(({ unclustered }) => unclustered),
      isClaim,
    );
    console.log(`false verdicts ${percent(wrong)}, if runs were independent ${percent(plain)}`);
    expect(wrong).toBeLessThanOrEqual(0.05);
    expect(plain).toBeGreaterThan(0.1);
  });

  it('nor with another agent as control, nor at any look', () => {
    const kind = { perHour: 12.5, chance: 0.9, otherwise: 0.01 };
    const worlds = seeds.map((seed) => outageWorld(seed, kind));
    const controlled = worlds.map(({ random, outages, runs }) =>
      controlledVerdict(runs, runsIn(random, outages, kind), 24 * HOUR),
    );
    const wrong = share(
      controlled.map(({ verdict }) => verdict),
      isClaim,
    );
    const looks = Array.from({ length: 12 }, (_, look) => (26 + 2 * look) * HOUR);
    const looked = worlds.filter(({ runs }) =>
      looks.some((until) => isClaim(verdictAt(runs, 24 * HOUR, until).verdict)),
    ).length;
    console.log(
      `false verdicts with a control ${percent(wrong)}, looked at every two hours ${percent(looked / WORLDS)}`,
    );
    expect(wrong).toBeLessThanOrEqual(0.05);
    expect(looked / WORLDS).toBeLessThanOrEqual(0.05);
  });
});

describe('where runs fail independently', () => {
  it.each([
    ['effective', 0.2, 0.9],
    ['harmful', 3, 0.95],
    ['effective', 0.5, 0.3],
  ] as const)('300 runs a side give %s at a ratio of %d', (verdict, ratio, power) => {
    const verdicts = seeds.map((seed) => {
      const { runs, at } = steadyWorld(seed, { hours: [0.1, 5, 24, 100][seed % 4]!, ratio });
      return verdictAt(runs, at).verdict;
    });
    const found = share(verdicts, (one) => one === verdict);
    console.log(`${verdict} at a ratio of ${ratio}: ${percent(found)}`);
    expect(found).toBeGreaterThanOrEqual(power);
  });

  it('a control gives the power back that outages took', () => {
    const judged = seeds.map((seed) => {
      const { random, runs, at } = steadyWorld(seed, { hours: 24, ratio: 0.2 });
      const outages = [3, 9, 15, 30, 40].map(
        (start) => [start * HOUR, (start + 0.5 + 2 * random()) * HOUR] as const,
      );
      const isOut = (time: number) => outages.some(([from, until]) => time >= from && time < until);
      const hit = runs.map((run) => (isOut(run.at) ? { ...run, failed: random() < 0.9 } : run));
      const others = runsIn(random, outages, { perHour: 12.5, chance: 0.9, otherwise: 0.01 });
      return [verdictAt(hit, at).verdict, controlledVerdict(hit, others, at).verdict] as const;
    });
    const alone = share(
      judged.map(([one]) => one),
      (one) => one === 'effective',
    );
    const controlled = share(
      judged.map(([, one]) => one),
      (one) => one === 'effective',
    );
    console.log(
      `a fall to a fifth amid outages: ${percent(alone)}, with a control ${percent(controlled)}`,
    );
    expect(controlled).toBeGreaterThanOrEqual(0.6);
    expect(controlled).toBeGreaterThan(alone + 0.2);
  });
});

describe('the design effect', () => {
  it('is 1 where nothing failed, all failed, or all happened within minutes', () => {
    expect(designEffect([[], []])).toBe(1);
    const block = (hour: number, runs: number, failed: number) => ({
      since: hour * HOUR,
      runs,
      failed,
    });
    expect(designEffect([[block(0, 9, 0), block(5, 9, 0)], []])).toBe(1);
    expect(designEffect([[block(0, 9, 9), block(5, 9, 9)], []])).toBe(1);
    expect(designEffect([[block(0, 200, 60)], [block(10, 200, 4)]])).toBe(1);
  });

  it('never divides runs of a few minutes, wherever they begin', () => {
    const run = (second: number) => ({ at: second * 1000, failed: second % 200 < 60 });
    for (const start of [0, 500, 599, 1750]) {
      const runs = Array.from({ length: 200 }, (_, index) => ({
        ...run(index),
        at: (start + index) * 1000,
      }));
      expect(sideOf(runs).blocks).toHaveLength(1);
    }
    expect(
      joinBlocks([0, 1, 2, 3].map((n) => ({ since: n * 600_000, runs: 1, failed: 0 }))),
    ).toEqual([
      { since: 0, runs: 3, failed: 0 },
      { since: BLOCK_MS, runs: 1, failed: 0 },
    ]);
  });

  it('finds bursts, and those that others had as well', () => {
    const blocks = Array.from({ length: 48 }, (_, half) => ({
      since: half * BLOCK_MS,
      runs: 10,
      failed: (half >= 10 && half < 13) || half === 40 ? 9 : 0,
    }));
    const bursts = burstsIn(blocks);
    expect(bursts).toEqual([
      { since: 5 * HOUR, until: 6.5 * HOUR, failed_runs: 27 },
      { since: 20 * HOUR, until: 20.5 * HOUR, failed_runs: 9 },
    ]);
    const elsewhere: Elsewhere[] = [5.1, 5.2, 5.8, 6.1, 6.3, 9, 20.2].map((hour) => ({
      since: hour * HOUR,
      failed_runs: 2,
      agents: ['b'],
    }));
    expect(outagesOf(bursts, elsewhere)).toEqual([{ ...bursts[0], elsewhere: 10, agents: ['b'] }]);
  });
});
