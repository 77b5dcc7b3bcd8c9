// How the nodes of an agent fare, over a real store and through each door.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;

const agent = 'nodes';
const [old, current] = [snapshotRef('old'), snapshotRef('current')];
const start = Date.now() - 3_600_000;

/** Attempts of one node, one a run, the failed ones first. */
function attempts(
  node: string,
  version: string,
  {
    good,
    failed,
    from,
    error = 'E1',
  }: { good: number; failed: number; from: number; error?: string },
): OtlpSpan[] {
  return Array.from({ length: good + failed }, (_, index) => {
    const shared = {
      'graph.node.id': node,
      'graph.run.id': randomUUID(),
      'graph.snapshot.ref': version,
    };
    const time = start + (from + index) * 1000;
    return {
      ...(index < failed
        ? failedAttempt(agent, { ...shared, 'error.type': error })
        : goodAttempt(agent, shared)),
      start: time,
      end: time + 10 + index,
    };
  });
}

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    ...attempts('parse', old, { good: 10, failed: 10, from: 0 }),
    ...attempts('parse', current, { good: 15, failed: 3, from: 100 }),
    ...attempts('parse', current, { good: 0, failed: 2, from: 130, error: 'E2' }),
    ...attempts('fetch', current, { good: 5, failed: 0, from: 200 }),
    {
      ...goodAttempt(agent, {
        'graph.node.id': 'fetch',
        'graph.node.attempt': 2,
        'graph.snapshot.ref': current,
      }),
      start: start + 300_000,
      end: start + 300_010,
    },
  );
});
afterAll(async () => {
  await world?.end();
});

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('nodes %s', (_door, open) => {
  it('show how they fare on the version in use', async () => {
    const { items, next_cursor } = await open().nodes(agent);
    expect(next_cursor).toBeNull();
    expect(items).toMatchObject([
      { node_id: 'fetch', attempts: 6, failures: 0, retries: 1, last_failure_at: null, groups: [] },
      {
        agent_id: agent,
        node_id: 'parse',
        graph_snapshot_ref: current,
        is_current: true,
        attempts: 20,
        failures: 5,
        failure_rate: 0.25,
        interval: [expect.closeTo(0.0866, 4), expect.closeTo(0.491, 3)],
        runs: 20,
        failed_runs: 5,
        retries: 0,
        last_failure_at: `${new Date(start + 131_011).toISOString().slice(0, -1)}000000Z`,
        groups: [
          { error_type: 'E1', failures: 3 },
          { error_type: 'E2', failures: 2 },
        ],
      },
    ]);
  });

  it('show the same as the view node_health', async () => {
    const { items } = await open().nodes(agent, { versions: 'all' });
    const { rows } = await open().sql(
      `SELECT node_id, graph_snapshot_ref, attempts, attempts - succeeded AS failures, runs, failed_runs,
              median_duration_ns, p95_duration_ns
       FROM node_health WHERE agent_id = {agent:String} ORDER BY last_seen DESC`,
      { agent },
    );
    expect(items).toHaveLength(3);
    expect(items.map(({ is_current }) => is_current)).toEqual([true, true, false]);
    expect(
      rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [
            key,
            key.endsWith('ns') ? Number(value) : value,
          ]),
        ),
      ),
    ).toEqual(
      items.map(({ node_id, graph_snapshot_ref, attempts, failures, ...rest }) => ({
        node_id,
        graph_snapshot_ref,
        attempts,
        failures,
        runs: rest.runs,
        failed_runs: rest.failed_runs,
        median_duration_ns: rest.median_duration_ns,
        p95_duration_ns: rest.p95_duration_ns,
      })),
    );
  });

  it('come by node, since a time, and page by page', async () => {
    expect((await open().nodes(agent, { node: 'parse' })).items).toHaveLength(1);
    const since = new Date(start + 129_000).toISOString();
    expect((await open().nodes(agent, { node: 'parse', since })).items).toMatchObject([
      { attempts: 2, failures: 2, groups: [{ error_type: 'E2', failures: 2 }] },
    ]);
    const first = await open().nodes(agent, { versions: 'all', limit: 2 });
    const cursor = first.next_cursor!;
    const second = await open().nodes(agent, { versions: 'all', limit: 2, cursor });
    expect([...first.items, ...second.items]).toEqual(
      (await open().nodes(agent, { versions: 'all' })).items,
    );
    expect(second.next_cursor).toBeNull();
  });

  it('are none for an agent that is not known, and refuse what is wrong', async () => {
    expect(await open().nodes('nobody')).toEqual({ items: [], next_cursor: null });
    for (const [field, options] of [
      ['versions', { versions: 'newest' }],
      ['cursor', { cursor: Buffer.from('["2026-11-01 10:00:00","x"]').toString('base64url') }],
      ['agent', { agent: 'x' }],
    ] as const) {
      const asked = open().nodes(agent, options as object);
      await expect(asked).rejects.toMatchObject({ constructor: InvalidInputError, field });
    }
  });
});

describe('nodes', () => {
  it('are printed as a table', async () => {
    const text = await verb(world, 'nodes', '--agent', agent);
    expect(text).toMatch(/^parse +sha256:[0-9a-f]{8}\* +5\/20 +25\.0 % +8\.7 % - 49\.1 %/m);
    expect(await verb(world, 'nodes', '--agent', 'nobody')).toMatch(
      /^no attempts of agent `nobody`; agents on record: `/,
    );
    const all = JSON.parse(
      await verb(world, 'nodes', '--agent', agent, '--all-versions', '--json'),
    );
    expect(all.items).toHaveLength(3);
  });

  it('count merged groups as one', async () => {
    const [, parse] = (await world.history.nodes(agent)).items;
    const [one, other] = parse!.groups;
    await world.history.changeGroup(other!.fingerprint, {
      kind: 'merge',
      other_fingerprint: one!.fingerprint,
    });
    const merged = (await world.history.nodes(agent, { node: 'parse' })).items[0]!;
    expect(merged.groups).toMatchObject([{ fingerprint: one!.fingerprint, failures: 5 }]);
    const advice = await world.history.retryAdvice(agent, {
      node: 'parse',
      fingerprint: one!.fingerprint,
    });
    expect(advice.considered[1]).toMatchObject({ basis: 'fingerprint_node', failures: 15 });
  });
});
