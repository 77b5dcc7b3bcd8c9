// How often verdicts are wrong, and how much they need to see: by simulation.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureRatio } from '../../../../query/questions/ledger/ratio.ts';
import type { Verdict } from '../../../../query/questions/ledger/schemas.ts';
import { judge } from '../../../../query/questions/ledger/verdict.ts';
import { logUniform, seeded, successes } from './random.ts';

const WORLDS = 1000;
const of = (failed: number, trials: number) => ({ failed, trials });
const isClaim = (verdict: Verdict) => verdict === 'effective' || verdict === 'harmful';
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** A world where the fix does nothing: rates from 1 in 100 to nearly always, 5 to 1000 runs before. */
function unchangedWorld(seed: number) {
  const random = seeded(seed);
  const chance = Math.min(logUniform(random, 0.01, 1.2), 0.98);
  const trials = Math.round(logUniform(random, 5, 1000));
  return { random, chance, before: of(successes(random, trials, chance), trials) };
}

describe('where nothing changed', () => {
  it('at most 5 % of the worlds are called effective or harmful', () => {
    let wrong = 0;
    for (let seed = 0; seed < 2 * WORLDS; seed += 1) {
      const { random, chance, before } = unchangedWorld(seed);
      const trials = Math.round(logUniform(random, 5, 1000));
      if (isClaim(judge(before, of(successes(random, trials, chance), trials)).verdict)) wrong += 1;
    }
    console.log(`false verdicts, one look: ${percent(wrong / (2 * WORLDS))}`);
    expect(wrong / (2 * WORLDS)).toBeLessThanOrEqual(0.05);
  });

  it('nor when the verdict is looked at again and again while runs come in', () => {
    let wrong = 0;
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const { random, chance, before } = unchangedWorld(seed + 10_000);
      let after = of(0, 0);
      // After each of the first runs, then after every tenth part more, up to five times the runs before.
      while (after.trials < 5 * before.trials) {
        const more = Math.max(1, Math.ceil(after.trials / 10));
        after = of(after.failed + successes(random, more, chance), after.trials + more);
        if (!isClaim(judge(before, after).verdict)) continue;
        wrong += 1;
        break;
      }
    }
    console.log(`false verdicts, looked at all the time: ${percent(wrong / WORLDS)}`);
    expect(wrong / WORLDS).toBeLessThanOrEqual(0.05);
  });

  /** Counts false verdicts by runs and by attempts, where a failing run tries again and fails each time. */
  function falseVerdicts(attemptsBefore: number, attemptsAfter: number) {
    const wrong = { runs: 0, attempts: 0 };
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const random = seeded(seed + 20_000);
      const chance = 0.1 + 0.5 * random();
      const runs = 40 + Math.floor(random() * 200);
      const before = successes(random, runs, chance);
      const after = successes(random, runs, chance);
      const attempts = (failed: number, each: number) =>
        of(failed * each, failed * each + runs - failed);
      const byAttempts = judge(attempts(before, attemptsBefore), attempts(after, attemptsAfter));
      if (isClaim(judge(of(before, runs), of(after, runs)).verdict)) wrong.runs += 1;
      if (isClaim(byAttempts.verdict)) wrong.attempts += 1;
    }
    return { runs: wrong.runs / WORLDS, attempts: wrong.attempts / WORLDS };
  }

  it.each([
    ['failures come in bursts', 30, 30, 0.02],
    ['the fix allows more attempts, which fail as well', 1, 4, 0.5],
  ])('runs are not fooled where %s, as attempts would be', (what, before, after, fooled) => {
    const wrong = falseVerdicts(before, after);
    console.log(
      `false verdicts where ${what}: by runs ${percent(wrong.runs)}, by attempts ${percent(wrong.attempts)}`,
    );
    expect(wrong.runs).toBeLessThan(0.01);
    expect(wrong.attempts).toBeGreaterThan(fooled);
  });
});

describe('what it takes', () => {
  /** Runs on each side from which on `ask` holds in 80 % of the worlds. */
  function runsNeeded(before: number, after: number, wanted: Verdict): number {
    const random = seeded(7);
    const power = (runs: number) =>
      Array.from({ length: 150 }, () =>
        judge(of(successes(random, runs, before), runs), of(successes(random, runs, after), runs)),
      ).filter(({ verdict }) => verdict === wanted).length / 150;
    let [few, enough] = [2, 2000];
    while (enough / few > 1.05) {
      const runs = Math.round(Math.sqrt(few * enough));
      if (power(runs) >= 0.8) enough = runs;
      else few = runs;
    }
    return enough;
  }

  it.each([
    [0.1, 1500],
    [0.3, 420],
    [0.6, 150],
    [0.9, 60],
  ])('a halving of a rate of %d is seen, and that nothing changed', (rate, bound) => {
    const halving = runsNeeded(rate, rate / 2, 'effective');
    const nothing = runsNeeded(rate, rate, 'ineffective');
    const doubling = rate <= 0.5 ? `, a doubling ${runsNeeded(rate, 2 * rate, 'harmful')}` : '';
    console.log(
      `runs on each side at a rate of ${rate}: a halving ${halving}, no change ${nothing}${doubling}`,
    );
    expect(halving).toBeLessThan(bound);
    expect(nothing).toBeLessThan(bound);
  });

  it('a fix that ends a failure of every second run is seen in 20 runs', () => {
    expect(judge(of(25, 50), of(0, 20)).verdict).toBe('effective');
    expect(judge(of(25, 50), of(0, 5)).verdict).toBe('insufficient_exposure');
  });
});

describe('the interval', () => {
  const trials = fc
    .integer({ min: 1, max: 5000 })
    .chain((total) => fc.integer({ min: 0, max: total }).map((failed) => of(failed, total)));

  it('holds the observed ratio, and its bounds are numbers', () => {
    fc.assert(
      fc.property(trials, trials, (before, after) => {
        const { ratio, interval } = failureRatio(before, after);
        const [low, high] = interval;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(low)).toBe(true);
        if (before.failed === 0) {
          expect({ ratio, high }).toEqual({ ratio: null, high: null });
        } else {
          expect(low).toBeLessThanOrEqual(ratio!);
          expect(high!).toBeGreaterThanOrEqual(ratio!);
          expect(Number.isFinite(high)).toBe(true);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('covers a true ratio other than 1 as well', () => {
    let missed = 0;
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const { random, chance, before } = unchangedWorld(seed + 30_000);
      const ratio = logUniform(random, 0.2, Math.min(4, 1 / chance));
      const runs = Math.round(logUniform(random, 5, 1000));
      const [low, high] = failureRatio(
        before,
        of(successes(random, runs, Math.min(1, chance * ratio)), runs),
      ).interval;
      if (low > ratio || (high !== null && high < ratio)) missed += 1;
    }
    expect(missed / WORLDS).toBeLessThanOrEqual(0.05);
  });

  it('is no bound at all where a side has no trials', () => {
    expect(judge(of(0, 0), of(3, 10))).toMatchObject({
      verdict: 'insufficient_exposure',
      ratio: null,
      interval: [0, null],
    });
    expect(judge(of(3, 10), of(0, 0)).verdict).toBe('insufficient_exposure');
  });

  it('bears millions of trials', () => {
    expect(judge(of(500_000, 1_000_000), of(499_000, 1_000_000)).verdict).toBe('ineffective');
    expect(judge(of(500_000, 1_000_000), of(480_000, 1_000_000)).verdict).toBe('effective');
  });
});
