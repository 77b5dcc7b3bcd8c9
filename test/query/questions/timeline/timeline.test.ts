// Why an agent became what it is, over a real store and through each door.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshotOf } from '../../../../instrumentation/index.ts';
import { InvalidInputError } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;
let fingerprints: { broken: string; later: string };

const agent = 'timeline';
const HOUR = 3_600_000;
const now = Date.now();
const graph = (label: string) => ({ id: 'g', label, nodes: [{ id: 'parse' }], edges: [] });
const [v1, v2] = [snapshotOf(graph('one')), snapshotOf(graph('two'))];

function runs(
  version: string,
  hours: number,
  good: number,
  failed: number,
  error = 'E1',
): OtlpSpan[] {
  return Array.from({ length: good + failed }, (_, index) => {
    const shared = { 'graph.run.id': randomUUID(), 'graph.snapshot.ref': version };
    const start = now - hours * HOUR + index * 1000;
    const span =
      index < failed
        ? failedAttempt(agent, { ...shared, 'error.type': error })
        : goodAttempt(agent, shared);
    return { ...span, start, end: start + 5 };
  });
}

const told = ({ ref, body }: { ref: string; body: string }, hours: number): OtlpSpan => ({
  name: 'start_graph g',
  start: now - hours * HOUR,
  attributes: {
    'gen_ai.agent.id': agent,
    'graph.id': 'g',
    'graph.run.id': `first-${hours}`,
    'graph.snapshot.ref': ref,
  },
  events: [
    {
      name: 'graph.snapshot',
      attributes: { 'graph.snapshot.ref': ref, 'graph.snapshot.body': body },
    },
  ],
});

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    told(v1, 50),
    ...runs(v1.ref, 40, 40, 60),
    // The old version goes on for a while beside the new one.
    told(v2, 30),
    ...runs(v1.ref, 29, 0, 2),
    ...runs(v2.ref, 20, 100, 0),
    ...runs(v2.ref, 10, 0, 1, 'E2'),
  );
  const { items } = await world.history.recentFailures({ agent, limit: 100 });
  const of = (type: string) => items.find(({ error_type }) => error_type === type)!.fingerprint;
  fingerprints = { broken: of('E1'), later: of('E2') };
  await world.send({
    name: `evolve_graph ${agent}`,
    start: now - 31 * HOUR,
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': 'fix',
      'evolution.trigger': 'failure',
      'evolution.status': 'applied',
      'evolution.author': 'queen',
      'evolution.resolution': 'check \u001b[31mthe total',
      'evolution.from.ref': v1.ref,
      'graph.snapshot.ref': v2.ref,
      'evolution.target.fingerprints': [fingerprints.broken],
    },
  });
  await world.history.changeGroup(fingerprints.later, {
    kind: 'ignore',
    author: 'ada',
    reason: 'once',
  });
});
afterAll(async () => {
  await world?.end();
});

const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000000Z`;

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('the timeline %s', (_door, open) => {
  it('shows versions, evolutions, groups and what was said, newest first', async () => {
    const { items, next_cursor } = await open().timeline(agent);
    expect(next_cursor).toBeNull();
    expect(items.map(({ kind }) => kind)).toEqual([
      'group_event',
      'group_appeared',
      ...items.slice(2, 4).map(({ kind }) => kind),
      'evolution',
      'group_appeared',
      'version_first_seen',
    ]);
    const byKind = (kind: string) => items.filter((event) => event.kind === kind);
    expect(byKind('version_first_seen')).toEqual([
      {
        kind: 'version_first_seen',
        timestamp: iso(now - 30 * HOUR),
        graph_snapshot_ref: v2.ref,
        nodes: ['parse'],
      },
      {
        kind: 'version_first_seen',
        timestamp: iso(now - 50 * HOUR),
        graph_snapshot_ref: v1.ref,
        nodes: ['parse'],
      },
    ]);
    expect(byKind('evolution')).toMatchObject([
      {
        evolution_id: 'fix',
        status: 'applied',
        author: 'queen',
        from_ref: v1.ref,
        graph_snapshot_ref: v2.ref,
        verdicts: [{ fingerprint: fingerprints.broken, verdict: 'effective', rate_ratio: 0 }],
      },
    ]);
    expect(byKind('group_appeared')).toMatchObject([
      { fingerprint: fingerprints.later, graph_snapshot_ref: v2.ref, failures: 1 },
      { fingerprint: fingerprints.broken, graph_snapshot_ref: v1.ref, failures: 62 },
    ]);
    expect(byKind('group_vanished')).toMatchObject([
      {
        timestamp: iso(now - 30 * HOUR),
        fingerprint: fingerprints.broken,
        node_id: 'parse',
        graph_snapshot_ref: v2.ref,
        attempts_since: 101,
      },
    ]);
    expect(byKind('group_event')).toMatchObject([
      { fingerprint: fingerprints.later, change: 'ignore', author: 'ada', reason: 'once' },
    ]);
  });

  it('comes page by page and since a time', async () => {
    const all = (await open().timeline(agent)).items;
    const seen: unknown[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await open().timeline(agent, { limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(all);
    expect((await open().timeline(agent, { since: '11h' })).items).toHaveLength(2);
  });

  it('is empty for an agent that is not known, and refuses what is wrong', async () => {
    expect(await open().timeline('nobody')).toEqual({ items: [], next_cursor: null });
    await expect(open().timeline(agent, { cursor: 'x' })).rejects.toMatchObject({
      constructor: InvalidInputError,
      field: 'cursor',
    });
  });
});

describe('the verb timeline', () => {
  it('prints one harmless line an event', async () => {
    const text = await verb(world, 'timeline', '--agent', agent, '--limit', '50');
    expect(text).toMatch(/evolution +fix, applied by queen: effective on v1:.*; check the total$/m);
    expect(text.trimEnd().split('\n')).toHaveLength(8);
  });
});
