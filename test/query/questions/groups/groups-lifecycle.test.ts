import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evolution } from '../../../../query/index.ts';
import {
  type FailedVersion,
  hourOf,
  type LifecycleFacts,
  lifecycleOf,
  settledAt,
} from '../../../../query/questions/groups/lifecycle.ts';
import type { GroupEvent } from '../../../../query/questions/groups/schemas.ts';

const now = Date.parse('2026-11-22T10:30:00Z');
const day = (number: number, time = '10:00:00') =>
  `2026-11-${String(number).padStart(2, '0')}T${time}.000000000Z`;

function said(kind: GroupEvent['kind'], at: string, more: Partial<GroupEvent> = {}): GroupEvent {
  return {
    timestamp: at,
    event_id: '00000000-0000-4000-8000-000000000001',
    agent_id: 'a',
    fingerprint: 'v1:f',
    kind,
    other_fingerprint: '',
    value: '',
    author: 'ada',
    reason: 'because',
    evolution_id: '',
    ...more,
  };
}

function evolution(evolution_id: string, at: string, from: string, to: string, status = 'applied') {
  return {
    evolution_id,
    timestamp: at,
    from_ref: from,
    graph_snapshot_ref: to,
    status,
  } as Evolution;
}

const version = (ref: string, known_since: string, seen_after: string | null): FailedVersion => ({
  graph_snapshot_ref: ref,
  known_since,
  seen_after,
});

function facts(over: Partial<LifecycleFacts>): LifecycleFacts {
  return {
    first_seen: day(1),
    last_seen: day(20),
    versions: [],
    hours: new Map(),
    decision: undefined,
    timeline: [],
    now,
    ...over,
  };
}

const timeline = [
  evolution('e1', day(5), 'v0', 'v1'),
  evolution('e2', day(10), 'v1', 'v2'),
  evolution('e3', day(15), 'v2', 'v3'),
];
const fixed = { decision: said('resolve', day(12), { evolution_id: 'e2' }), timeline };

describe('the state of a group', () => {
  const table: [string, Partial<LifecycleFacts>, string, string][] = [
    ['new for a week', { first_seen: day(16) }, 'new', day(16)],
    ['ongoing after it', { first_seen: day(15) }, 'ongoing', '2026-11-22T10:00:00.000Z'],
    ['ignored', { decision: said('ignore', day(3)) }, 'ignored', day(3)],
    ['reopened', { first_seen: day(21), decision: said('reopen', day(22)) }, 'ongoing', day(22)],
    ['resolved', { decision: said('resolve', day(12)) }, 'resolved', day(12)],
    [
      'regressed by time, where no fix is named',
      {
        decision: said('resolve', day(12)),
        versions: [version('v0', day(1), day(14)), version('v1', day(1), day(13))],
      },
      'regressed',
      day(13),
    ],
    [
      'resolved by a fix',
      { ...fixed, versions: [version('v2', day(10), null)] },
      'resolved',
      day(12),
    ],
    [
      'still resolved when an older version that still runs fails',
      { ...fixed, versions: [version('v1', day(5), day(18)), version('v0', day(1), day(19))] },
      'resolved',
      day(12),
    ],
    [
      'regressed on the version that the fix made',
      { ...fixed, versions: [version('v1', day(5), day(18)), version('v2', day(10), day(19))] },
      'regressed',
      day(19),
    ],
    [
      'regressed on what a later evolution made of it',
      { ...fixed, versions: [version('v3', day(9), day(16))] },
      'regressed',
      day(16),
    ],
    [
      'regressed on a version of no evolution that was first seen after the fix',
      { ...fixed, versions: [version('w', day(14), day(14, '11:00:00'))] },
      'regressed',
      day(14, '11:00:00'),
    ],
    [
      'resolved when a version of no evolution from before the fix fails',
      { ...fixed, versions: [version('w', day(9), day(14))] },
      'resolved',
      day(12),
    ],
    [
      'resolved when a later evolution went back to an older version',
      {
        decision: fixed.decision,
        timeline: [...timeline, evolution('e4', day(16), 'v3', 'v1')],
        versions: [version('v1', day(5), day(18))],
      },
      'resolved',
      day(12),
    ],
    [
      'resolved when the version that was changed is first known after the fix (clocks differ)',
      {
        decision: fixed.decision,
        timeline: timeline.slice(1, 2),
        versions: [version('v1', day(11), day(18))],
      },
      'resolved',
      day(12),
    ],
    [
      'regressed by time, where failures do not tell their version',
      { ...fixed, versions: [version('', day(1), day(13))] },
      'regressed',
      day(13),
    ],
    [
      'regressed on any version, where the fix was reverted',
      {
        decision: fixed.decision,
        timeline: [evolution('e2', day(14), 'v1', 'v2', 'reverted')],
        versions: [version('v1', day(5), day(15))],
      },
      'regressed',
      day(15),
    ],
    [
      'regressed by time, where the fix is not on record',
      { decision: fixed.decision, versions: [version('v1', day(5), day(13))] },
      'regressed',
      day(13),
    ],
  ];
  it.each(table)('is %s', (_name, over, state, since) => {
    const told = lifecycleOf(facts(over));
    expect({ state: told.state, since: told.since }).toEqual({ state, since });
    expect(told.why).toMatch(/^[A-Z].*\.$/);
  });

  it('says why in words, with what came from outside quoted', () => {
    const why = (over: Partial<LifecycleFacts>) => lifecycleOf(facts(over)).why;
    const decision = said('ignore', day(3), { author: 'a`b', reason: 'x\n# Heading' });
    expect(why({ decision })).toBe(
      'Ignored 2026-11-03T10:00:00Z by `"a\\u0060b"` (`"x\\n# Heading"`).',
    );
    const versions = [version('v1', day(5), day(18)), version('v2', day(10), day(19))];
    expect(why({ ...fixed, versions })).toBe(
      'Seen again 2026-11-19T10:00:00Z on `v2`, which came after the fix; was resolved ' +
        '2026-11-12T10:00:00Z by `"ada"` with evolution `e2` (`"because"`).',
    );
    expect(why({ ...fixed, versions: versions.slice(0, 1) })).toContain(
      '; seen since only on a version from before the fix (`v1`).',
    );
    expect(why({ decision: fixed.decision })).toContain('That evolution is not on record');
  });

  it('counts from the revert of a fix on, if that came later', () => {
    const [decision] = [fixed.decision];
    expect(settledAt(decision, timeline)).toBe(day(12));
    const reverted = evolution('e2', day(14), 'v1', 'v2', 'reverted');
    expect(settledAt(decision, [reverted])).toBe(day(14));
    expect(settledAt(decision, [{ ...reverted, timestamp: day(11) }])).toBe(day(12));
  });

  it('is escalating from the hour on in which the surge began, until it is over', () => {
    const current = hourOf(now);
    const hours = new Map(Array.from({ length: 192 }, (_, back) => [current - back, 2]));
    expect(lifecycleOf(facts({ hours })).state).toBe('ongoing');
    hours.set(current - 1, 20).set(current, 15);
    expect(lifecycleOf(facts({ hours }))).toEqual({
      state: 'escalating',
      since: '2026-11-22T09:00:00.000Z',
      why: expect.stringMatching(
        /^35 failures in the 2 hours from 2026-11-22T09:00:00Z, where the same hours of the week before let expect 3\.0 \(retries left out; by chance \de-\d+\)\.$/,
      ),
    });
    const tried = new Map([...hours].map(([hour, failures]) => [hour, failures * 5]));
    expect(lifecycleOf(facts({ hours, tried })).state).toBe('ongoing');
    // Neither what was decided nor a group without a day of history escalates.
    expect(lifecycleOf(facts({ hours, decision: said('ignore', day(3)) })).state).toBe('ignored');
    expect(lifecycleOf(facts({ hours, first_seen: day(21, '11:00:00') })).state).toBe('new');
    expect(lifecycleOf(facts({ hours, decision: said('reopen', day(3)) })).state).toBe(
      'escalating',
    );
    expect(lifecycleOf(facts({ hours, now: now + 3 * 3_600_000 })).state).toBe('ongoing');
  });

  it('never fails, and is in its state since a time that is shown', () => {
    const instant = fc.integer({ min: 1, max: 28 }).map((number) => day(number));
    const one = fc.record({
      first_seen: instant,
      last_seen: instant,
      decision: fc.option(
        fc
          .tuple(
            fc.constantFrom('resolve' as const, 'ignore' as const, 'reopen' as const),
            instant,
            fc.constantFrom('', 'e1', 'e2', 'e3', 'gone'),
          )
          .map(([kind, at, evolution_id]) => said(kind, at, { evolution_id })),
        { nil: undefined },
      ),
      versions: fc.array(
        fc
          .tuple(fc.constantFrom('', 'v0', 'v1', 'v2', 'v3', 'w'), instant, fc.option(instant))
          .map(([ref, known, after]) => version(ref, known, after)),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(one, (over) => {
        const told = lifecycleOf(facts({ ...over, timeline }));
        expect(Date.parse(told.since)).not.toBeNaN();
        if (told.state === 'regressed') {
          expect(over.versions.map(({ seen_after }) => seen_after)).toContain(told.since);
        }
      }),
    );
  });
});
