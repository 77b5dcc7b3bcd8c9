// The parts of retry advice that need no store.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgedCache } from '../../../../query/questions/advice/aged-cache.ts';
import {
  countNext,
  decide,
  type Known,
  waitsOf,
} from '../../../../query/questions/advice/decide.ts';
import { exactInterval } from '../../../../query/questions/advice/interval.ts';
import { type Attempt, whatCameNext } from '../../../../query/questions/advice/next-attempt.ts';
import type { Observation } from '../../../../query/questions/advice/observations.ts';

describe('the exact interval', () => {
  it.each([
    // Clopper-Pearson intervals as tables print them.
    [10, 0, 0, 0.3085],
    [10, 10, 0.6915, 1],
    [10, 5, 0.1871, 0.8129],
    [20, 1, 0.0013, 0.2487],
    [100, 50, 0.3983, 0.6017],
  ])('of %i trials with %i successes', (trials, succeeded, low, high) => {
    const interval = exactInterval(trials, succeeded);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('says nothing without trials', () => {
    expect(exactInterval(0, 0)).toEqual([0, 1]);
  });

  it('holds the true probability with at least 95 %, whatever it is', () => {
    const trials = 40;
    const intervals = Array.from({ length: trials + 1 }, (_, good) => exactInterval(trials, good));
    for (let truth = 0.005; truth < 1; truth += 0.01) {
      // P(at most `good` successes) is a Beta distribution's tail.
      const atMost = (good: number) =>
        good < 0 ? 0 : good >= trials ? 1 : 1 - betaCdf(truth, good + 1, trials - good);
      const covered = intervals.reduce(
        (sum, [low, high], good) =>
          low <= truth && truth <= high ? sum + atMost(good) - atMost(good - 1) : sum,
        0,
      );
      expect(covered, `${truth}`).toBeGreaterThanOrEqual(0.95);
    }
  });
});

describe('what came next', () => {
  const now = 10_000_000;
  const failure = (attempt: number, failed_at: number, disposition = '') => ({
    run_id: 'r',
    node_id: 'n',
    attempt,
    failed_at,
    disposition,
  });
  const tried = (attempt: number, started: number, ok = false): Attempt => ({
    attempt,
    ok,
    started,
  });
  const next = (failures: ReturnType<typeof failure>[], attempts: Attempt[]) =>
    whatCameNext(failures, () => attempts, now);

  it('is the next attempt of the run and node, and the wait before it', () => {
    const attempts = [tried(1, 0), tried(2, 300), tried(3, 900, true)];
    expect(next([failure(1, 100), failure(2, 400)], attempts)).toEqual([
      { kind: 'retried', ok: false, wait_ms: 200 },
      { kind: 'retried', ok: true, wait_ms: 500 },
    ]);
  });

  it('is nothing when the node began again: that is another visit', () => {
    const attempts = [tried(1, 0), tried(1, 300), tried(2, 900, true)];
    expect(next([failure(1, 100), failure(1, 400)], attempts)).toEqual([
      { kind: 'none' },
      { kind: 'retried', ok: true, wait_ms: 500 },
    ]);
  });

  it('gives visits that run side by side each their own', () => {
    const attempts = [tried(1, 0), tried(1, 0), tried(2, 300, true), tried(2, 350)];
    expect(next([failure(1, 101), failure(1, 100)], attempts)).toEqual([
      { kind: 'retried', ok: false, wait_ms: 249 },
      { kind: 'retried', ok: true, wait_ms: 200 },
    ]);
  });

  it('is not an attempt that was skipped to or that lies before', () => {
    expect(next([failure(1, 100)], [tried(3, 300, true), tried(2, 50, true)])).toEqual([
      { kind: 'none' },
    ]);
  });

  it('may still come, unless the failure says that it does not or it is long ago', () => {
    const kinds = (failures: ReturnType<typeof failure>[]) =>
      next(failures, []).map(({ kind }) => kind);
    expect(kinds([failure(1, now - 1000, 'retried'), failure(1, now - 1000)])).toEqual([
      'pending',
      'pending',
    ]);
    expect(kinds([failure(1, now - 1000, 'terminal'), failure(1, 0, 'retried')])).toEqual([
      'none',
      'none',
    ]);
  });

  it('counts no retry twice, whatever the order', () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 8 });
    fc.assert(
      fc.property(times, times, (ends, starts) => {
        const failures = ends.map((end) => failure(1, end));
        const attempts = starts.map((start, index) => tried(2, start + index / 100));
        const waits = next(failures, attempts).flatMap((one) => ('wait_ms' in one ? [one] : []));
        expect(waits.length).toBeLessThanOrEqual(Math.min(ends.length, starts.length));
        expect(waits.every(({ wait_ms }) => wait_ms >= 0)).toBe(true);
      }),
    );
  });
});

const seen = (ok: boolean, wait_ms = 10): Observation => ({
  attempt: 1,
  class: 'tool.error',
  next: { kind: 'retried', ok, wait_ms },
});
const many = (good: number, bad: number, wait?: number): Observation[] => [
  ...Array.from({ length: good }, () => seen(true, wait)),
  ...Array.from({ length: bad }, () => seen(false, wait)),
];

describe('the advice', () => {
  const node = {
    since: '',
    attempts: 100,
    failure_count: 3,
    consecutive_failures: 1,
    last_failure_at: null,
  };
  const advise = (observations: Observation[], more: Partial<Known> = {}) =>
    decide({
      counts: countNext(observations.length ? 'fingerprint_node' : 'class_default', observations),
      waits: waitsOf(observations),
      class: 'tool.error',
      attempt: 1,
      max_attempts: undefined,
      node,
      ...more,
    });

  it.each([
    ['retries that mostly succeed', many(18, 2), {}, 'retry'],
    ['retries that never succeed', many(0, 20), {}, 'stop'],
    [
      'retries that never succeed, of a class that is worth it',
      many(0, 20),
      { class: 'llm.timeout' },
      'stop',
    ],
    [
      'retries that succeed, of a class that is not worth it',
      many(18, 2),
      { class: 'code.error' },
      'retry',
    ],
    ['unclear numbers of a class that is worth it', many(2, 10), {}, 'retry'],
    ['unclear numbers of a class that is not', many(2, 10), { class: 'code.error' }, 'stop'],
    ['retries that succeed after a wait', many(18, 2, 2000), {}, 'back_off'],
    [
      'a node that fails all the time now',
      many(18, 2),
      { node: { ...node, consecutive_failures: 5 } },
      'back_off',
    ],
    ['the last attempt', many(18, 2), { attempt: 3, max_attempts: 3 }, 'stop'],
    ['no history of a class that is worth it', [], {}, 'retry'],
    ['no history of a class that passes with time', [], { class: 'llm.rate_limit' }, 'back_off'],
    ['no history of a class that does not', [], { class: 'config.error' }, 'stop'],
    ['no history of no class', [], { class: null }, 'stop'],
  ] as [string, Observation[], Partial<Known>, string][])(
    'on %s',
    (_name, observations, more, advice) => {
      expect(advise(observations, more).advice).toBe(advice);
    },
  );

  it('shows the numbers behind it', () => {
    expect(advise(many(12, 8, 1500)).reason).toBe(
      '12 of 20 retries after this failure at this node, at any attempt succeeded: 60.0 %, with ' +
        '95 % between 36.1 % and 80.9 %. Those that succeeded waited 1.5 s in the median, nine of ' +
        'ten at most 1.5 s.',
    );
    expect(advise([])).toMatchObject({
      chance: null,
      interval: [0, 1],
      reason:
        'Fewer than 10 retries are on record. Failures of class tool.error are worth a retry by default.',
    });
  });

  it('takes waits from the retries that succeeded only', () => {
    const observations = [
      seen(false, 9999),
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((ms) => seen(true, ms)),
    ];
    expect(waitsOf(observations)).toEqual({ median: 5, p90: 9 });
    expect(waitsOf([seen(false)])).toBeNull();
  });
});

describe('the cache', () => {
  it('gives out what is young enough and renews what ages behind the back', async () => {
    let time = 0;
    let loads = 0;
    const cache = new AgedCache<number>(() => time);
    const get = (maxAge = 300_000) => cache.get('key', maxAge, async () => ++loads);
    expect(await Promise.all([get(), get()])).toEqual([
      { value: 1, age: 0 },
      { value: 1, age: 0 },
    ]);
    time = 9_000;
    expect(await get()).toEqual({ value: 1, age: 9_000 });
    expect(loads).toBe(1);
    time = 60_000;
    expect(await get()).toEqual({ value: 1, age: 60_000 });
    expect(loads).toBe(2);
    await new Promise((done) => setImmediate(done));
    expect((await get()).value).toBe(2);
    expect((await get(0)).value).toBe(3);
  });

  it('keeps the old answer when a renewal fails, until it is too old', async () => {
    let time = 0;
    const cache = new AgedCache<string>(() => time);
    await cache.get('key', 1000, async () => 'old');
    const failing = async (): Promise<string> => {
      throw new Error('away');
    };
    time = 20_000;
    expect((await cache.get('key', 30_000, failing)).value).toBe('old');
    await expect(cache.get('key', 1000, failing)).rejects.toThrow('away');
    expect((await cache.get('key', 30_000, async () => 'new')).value).toBe('old');
  });

  it('is bounded', async () => {
    const cache = new AgedCache<number>(() => 0);
    let loads = 0;
    const get = (key: number) => cache.get(`${key}`, 1000, async () => ++loads);
    for (let key = 0; key < 501; key += 1) await get(key);
    await get(500);
    expect(loads).toBe(501);
    await get(0);
    expect(loads).toBe(502);
  });
});
