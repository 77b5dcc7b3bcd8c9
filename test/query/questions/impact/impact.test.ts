// Seeded worlds: the first problem is the one that lost most runs on the version in use.
import { expect, it } from 'vitest';
import { type Impact, impactOf, versionInUse } from '../../../../query/questions/impact/impact.ts';
import { byUrgency, type Ranked } from '../../../../query/questions/impact/rank.ts';

const inUse = { ref: 'sha256:b', runs: 1000 };

/** Numbers of a linear congruential generator, 0 to `below` - 1. */
function seeded(seed: number) {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function worldOf(seed: number) {
  const next = seeded(seed);
  const impacts = new Map<string, Impact>();
  const groups = Array.from({ length: 2 + next(30) }, (_, index): Ranked => {
    const fingerprint = `v1:${index}`;
    const failures = 1 + next(500);
    const lost = next(2) === 0 ? 0 : next(failures + 1);
    const lostNow = next(2) === 0 ? 0 : next(lost + 1);
    const recovered = lost > 0 ? failures - lost : next(3) === 0 ? failures : next(failures);
    const counted = {
      failures,
      recovered,
      failed_seconds: failures,
      runs_met: failures,
      runs_lost: lost,
      runs_met_now: lostNow + next(5),
      runs_lost_now: lostNow,
    };
    impacts.set(fingerprint, impactOf(counted, inUse));
    return {
      fingerprint,
      fingerprints: [fingerprint],
      state: (['regressed', 'escalating', 'new', 'ongoing'] as const)[next(4)]!,
      last_seen: `2026-11-30T00:00:${String(next(60)).padStart(2, '0')}Z`,
      counts: [{ failures } as Ranked['counts'][number]],
    };
  });
  return { groups, impacts };
}

it.each(Array.from({ length: 200 }, (_, seed) => seed))('world %i', (seed) => {
  const { groups, impacts } = worldOf(seed);
  const order = byUrgency(groups, [], impacts).map(({ fingerprint }) => impacts.get(fingerprint)!);
  const most = Math.max(...order.map(({ runs_lost_now }) => runs_lost_now));
  expect(order[0]!.runs_lost_now).toBe(most);
  const firstRecovered = order.findIndex(({ is_recovered }) => is_recovered);
  if (firstRecovered !== -1)
    expect(order.slice(firstRecovered).every(({ is_recovered }) => is_recovered)).toBe(true);
});

it('has no share where no run of the version is on record, and never more than all', () => {
  const counted = {
    failures: 3,
    recovered: 0,
    failed_seconds: 3,
    runs_met: 3,
    runs_lost: 3,
    runs_met_now: 3,
    runs_lost_now: 3,
  };
  expect(impactOf(counted, { ref: '', runs: 0 }).share_now).toBeNull();
  expect(impactOf(counted, { ref: 'sha256:b', runs: 2 }).share_now).toBe(1);
});

it('takes the version of the newest run as the one in use, with all its runs', () => {
  const run = (graph_snapshot_ref: string, runs: number, last_started: string) => ({
    graph_snapshot_ref,
    runs,
    last_started,
  });
  expect(
    versionInUse(
      [run('a', 9, '2026-01-01'), run('b', 2, '2026-01-03'), run('b', 3, '2026-01-02')],
      [],
    ),
  ).toEqual({ ref: 'b', runs: 5 });
  expect(versionInUse([], [])).toEqual({ ref: '', runs: 0 });
});
