// States follow effects: groups that nobody resolved, and fixes that were judged, at all doors.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

const HOUR = 3_600_000;
const agent = 'mended';
const [old, fixed, other] = ['old', 'fixed', 'other'].map((name) => snapshotRef(name)) as [
  string,
  string,
  string,
];
const now = Date.now();

let world: World;
const names = new Map<string, string>();

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

/** Runs of a node, a second apart: `f` fails, everything else is good. */
function runs(node: string, ref: string, hours: number, outcomes: string): OtlpSpan[] {
  return [...outcomes].map((outcome, run) => ({
    ...(outcome === 'f' ? failedAttempt : goodAttempt)(agent, {
      'graph.node.id': node,
      'graph.run.id': `${node} ${ref} ${hours} ${run}`,
      'graph.snapshot.ref': ref,
      ...(outcome === 'f' && { 'failure.disposition': 'terminal' }),
    }),
    start: now - hours * HOUR + run * 1000,
  }));
}

const evolved = (node: string, hours = 10, from = old, to = fixed): OtlpSpan => ({
  name: `evolve_graph ${agent}`,
  start: now - hours * HOUR,
  attributes: {
    'gen_ai.agent.id': agent,
    'evolution.id': `fix ${node} ${hours}`,
    'evolution.trigger': 'failure',
    'evolution.status': 'applied',
    'evolution.resolution': 'Look twice.',
    'evolution.from.ref': from,
    'graph.snapshot.ref': to,
    'evolution.target.fingerprints': [names.get(node)!],
  },
});

const bad = 'f'.repeat(40);
const good = '.'.repeat(60);

async function groupOf(node: string): Promise<Group> {
  const { items } = await world.history.groups({ agent, node });
  return items[0]!;
}

describe('a group that nobody decided about', () => {
  const nodes = ['mended', 'rarer', 'again', 'broken', 'elsewhere', 'later', 'reopened', 'untried'];
  beforeAll(async () => {
    await world.send(...nodes.flatMap((node) => runs(node, old, 30, bad)));
    for (const group of (await world.history.groups({ agent })).items) {
      names.set(group.node_id, group.fingerprint);
    }
    await world.send(
      ...runs('mended', fixed, 9, good),
      ...runs('rarer', fixed, 9, `f${good}`),
      ...runs('again', fixed, 9, `${good}f`),
      ...runs('broken', fixed, 9, bad),
      ...runs('elsewhere', fixed, 9, good),
      ...runs('elsewhere', old, 8, 'f'),
      ...runs('later', fixed, 9, good),
      ...runs('later', other, 4, 'ff'),
      ...runs('reopened', fixed, 9, good),
      ...nodes.filter((node) => node !== 'untried').map((node) => evolved(node)),
      evolved('later', 5, fixed, other),
    );
    await world.history.changeGroup(names.get('reopened')!, { kind: 'reopen', author: 'ada' });
  });

  it.each([
    [
      'is resolved by a fix that ended it',
      'mended',
      'resolved',
      'Resolved by the effect of evolution .fix mended 10. of .* \\(failed in 40 of 40 runs before it, in none of 60 since\\); not seen since\\.',
    ],
    [
      'is ongoing where a fix made it rarer only',
      'rarer',
      'ongoing',
      'Rarer since evolution .fix rarer 10., not gone: failed in 40 of 40 runs before it, in 1 of 61 since\\.',
    ],
    [
      'came back where it fails after the fix was seen to work',
      'again',
      'regressed',
      'Seen again .*, which came after the fix; was resolved by the effect of evolution .fix again 10.',
    ],
    ['is new where the fix did nothing', 'broken', 'new', 'Less than 7 days old'],
    [
      'stays resolved while only the old version fails',
      'elsewhere',
      'resolved',
      'seen since only on a version from before the fix',
    ],
    ['came back with a later version', 'later', 'regressed', 'Seen again .* after the fix'],
    ['is open again where a person says so after the fix', 'reopened', 'ongoing', 'Reopened'],
    ['is new without a fix', 'untried', 'new', 'Less than 7 days old'],
  ])('%s', async (_what, node, state, why) => {
    const group = await groupOf(node);
    expect(group.why).toMatch(new RegExp(why));
    expect(group.state).toBe(state);
    const detail = await world.client.group(group.fingerprint);
    expect([detail.state, detail.since, detail.why]).toEqual([group.state, group.since, group.why]);
  });

  it('has the same state in lists by state, for all agents, in the brief and in the counts of agents', async () => {
    const resolved = await world.client.groups({ state: 'resolved' });
    expect(resolved.items.map(({ node_id }) => node_id).sort()).toEqual(['elsewhere', 'mended']);
    const brief = await world.history.brief(agent);
    expect(brief.totals.resolved).toBe(2);
    expect(brief.groups.map(({ node_id }) => node_id)).not.toContain('mended');
    expect(brief.groups.find(({ node_id }) => node_id === 'later')!.state).toBe('regressed');
    const { items } = await world.history.agents({ agent, states: true });
    expect(items[0]!.states).toEqual({ new: 2, ongoing: 2, regressed: 2, resolved: 2 });
  });

  it('is resolved by a person all the same, with her name', async () => {
    await world.history.changeGroup(names.get('again')!, { kind: 'resolve', author: 'ada' });
    expect(await groupOf('again')).toMatchObject({
      state: 'resolved',
      why: expect.stringContaining('ada'),
    });
  });
});
