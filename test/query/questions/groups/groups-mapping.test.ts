import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupMapping } from '../../../../query/questions/groups/mapping.ts';

let clock = 0;
const next = () => `2026-11-01T10:00:${String(clock++).padStart(9, '0')}Z`;
const id = () => `00000000-0000-4000-8000-${String(clock).padStart(12, '0')}`;
const merge = (fingerprint: string, other_fingerprint: string, timestamp = next()) => ({
  kind: 'merge' as const,
  timestamp,
  event_id: id(),
  fingerprint,
  other_fingerprint,
});
const split = (fingerprint: string, timestamp = next()) => ({
  kind: 'split' as const,
  timestamp,
  event_id: id(),
  fingerprint,
  other_fingerprint: '',
});
const resolve = (fingerprint: string) => ({ ...split(fingerprint), kind: 'resolve' as const });

describe('the group mapping', () => {
  it('leaves a fingerprint of which nothing was said alone', () => {
    const mapping = new GroupMapping([resolve('a')]);
    expect(mapping.groupOf('a')).toBe('a');
    expect(mapping.membersOf('a')).toEqual(['a']);
    expect(mapping.mergedInto('a')).toBeUndefined();
    expect(mapping.joinedAt('a')).toBe('');
  });

  it.each([
    ['a merge', [merge('a', 'b')], { a: 'b', b: 'b' }],
    ['merges in a row', [merge('a', 'b'), merge('b', 'c')], { a: 'c', b: 'c', c: 'c' }],
    ['a merge into a member', [merge('a', 'b'), merge('c', 'a')], { a: 'b', c: 'b' }],
    ['a split, which undoes a merge', [merge('a', 'b'), split('a')], { a: 'a', b: 'b' }],
    [
      'a split, which keeps what was merged before',
      [merge('a', 'b'), merge('b', 'c'), split('b')],
      { a: 'b', b: 'b', c: 'c' },
    ],
    ['the latest merge', [merge('a', 'b'), merge('a', 'c')], { a: 'c', b: 'b' }],
    ['a merge after a split', [merge('a', 'b'), split('a'), merge('a', 'b')], { a: 'b' }],
    ['a split of nothing', [split('a')], { a: 'a' }],
    ['a merge into itself', [merge('a', 'a')], { a: 'a' }],
    ['a cycle of two', [merge('b', 'a'), merge('a', 'b')], { a: 'a', b: 'a' }],
    [
      'a cycle with others that point to it',
      [merge('c', 'd'), merge('d', 'b'), merge('b', 'c'), merge('a', 'd')],
      { a: 'b', b: 'b', c: 'b', d: 'b' },
    ],
    [
      'a cycle that a split ends',
      [merge('b', 'a'), merge('a', 'b'), split('a')],
      { a: 'a', b: 'a' },
    ],
    ['versions of a fingerprint', [merge('v2:f', 'v1:f')], { 'v2:f': 'v1:f' }],
  ])('knows %s', (_name, events, groups) => {
    const mapping = new GroupMapping(events);
    for (const [fingerprint, group] of Object.entries(groups)) {
      expect([fingerprint, mapping.groupOf(fingerprint)]).toEqual([fingerprint, group]);
    }
  });

  it('says since when a member is in its group', () => {
    const events = [merge('a', 'b'), merge('b', 'c')];
    const mapping = new GroupMapping(events);
    expect(mapping.joinedAt('a')).toBe(events[1]!.timestamp);
    expect(mapping.joinedAt('b')).toBe(events[1]!.timestamp);
    expect(mapping.joinedAt('c')).toBe('');
    const late = [merge('b', 'c'), merge('a', 'b')];
    expect(new GroupMapping(late).joinedAt('a')).toBe(late[1]!.timestamp);
    expect(mapping.membersOf('c')).toEqual(['c', 'a', 'b']);
    expect(mapping.fingerprints()).toEqual(['c', 'a', 'b']);
  });

  it('puts events of the same time in the order of their ids', () => {
    const at = next();
    const one = { ...merge('a', 'b', at), event_id: '1' };
    const other = { ...split('a', at), event_id: '2' };
    expect(new GroupMapping([other, one]).groupOf('a')).toBe('a');
    expect(
      new GroupMapping([
        { ...one, event_id: '2' },
        { ...other, event_id: '1' },
      ]).groupOf('a'),
    ).toBe('b');
  });

  const fingerprint = fc.constantFrom(...'abcdefgh');
  const event = fc.record({
    kind: fc.constantFrom('merge' as const, 'merge' as const, 'split' as const),
    timestamp: fc.integer({ min: 0, max: 30 }).map((n) => `2026-11-01T10:00:${100 + n}Z`),
    event_id: fc.uuid(),
    fingerprint,
    other_fingerprint: fingerprint,
  });

  it('ends, and is the same in any order, whatever stands in the table', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (events, random) => {
          const shuffled = events
            .map((one) => ({ one, at: random.next().value as number }))
            .sort((one, other) => one.at - other.at)
            .map(({ one }) => one);
          const [mapping, other] = [new GroupMapping(events), new GroupMapping(shuffled)];
          for (const name of 'abcdefgh') {
            const group = mapping.groupOf(name);
            expect(other.groupOf(name)).toBe(group);
            // Each fingerprint is in one group, which is named by one of its own.
            expect(mapping.groupOf(group)).toBe(group);
            expect(mapping.membersOf(group)).toContain(name);
            expect(mapping.joinedAt(name) === '').toBe(name === group);
          }
        },
      ),
    );
  });

  it('is undone: a merge of two groups and then a split leave what was before', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fingerprint, fingerprint, (events, a, b) => {
        const before = new GroupMapping(events);
        const [from, to] = [before.groupOf(a), before.groupOf(b)];
        fc.pre(from !== to && before.mergedInto(from) === undefined);
        const merged = [...events, merge(from, to, '2026-11-02T10:00:00Z')];
        expect(new GroupMapping(merged).groupOf(a)).toBe(to);
        const after = new GroupMapping([...merged, split(from, '2026-11-02T10:00:01Z')]);
        for (const name of 'abcdefgh') expect(after.groupOf(name)).toBe(before.groupOf(name));
      }),
    );
  });
});
