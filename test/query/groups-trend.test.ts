// What lists tell on demand, over the real engine and all doors: hours and verdicts of groups, states of agents.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failedAttempt, goodAttempt, snapshotRef, startWorld, type World } from '../world.ts';

const HOUR = 3_600_000;
/** When the current hour began. */
const NOW = Math.floor(Date.now() / HOUR) * HOUR;
const refs = { old: snapshotRef('{"id":"old"}'), fixed: snapshotRef('{"id":"fixed"}') };
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

/** Runs of a node on a version, all failed or all good, from some hours ago on. */
function runs(agent: string, node: string, { fails, version, hours, count = 40 }: Runs) {
  const letter = (number: number) => String.fromCharCode(97 + number);
  return Array.from({ length: count }, (_, run) => ({
    ...(fails ? failedAttempt : goodAttempt)(agent, {
      'graph.node.id': node,
      'graph.run.id': `${version}-${node}-${letter(run % 26)}${letter(Math.floor(run / 26))}`,
      'graph.snapshot.ref': refs[version],
    }),
    start: NOW - hours * HOUR + run,
  }));
}
interface Runs {
  fails: boolean;
  version: keyof typeof refs;
  hours: number;
  count?: number;
}

/** An agent with a group that a fix ended, one that a fix did not, and one without a fix. */
async function fixedAgent(agent: string) {
  const before = { fails: true, version: 'old', hours: 30 } as const;
  await world.send(
    ...['mended', 'broken', 'untried'].flatMap((node) => runs(agent, node, before)),
    ...runs(agent, 'mended', { fails: false, version: 'fixed', hours: 3 }),
    ...runs(agent, 'broken', { fails: true, version: 'fixed', hours: 3 }),
  );
  const { items } = await world.history.groups({ agent });
  const of = (node: string) => items.find((group) => group.node_id === node)!.fingerprint;
  for (const node of ['mended', 'broken']) {
    await world.history.recordEvolution({
      agent_id: agent,
      evolution_id: `${agent} ${node}`,
      resolution: 'Look twice.',
      from_ref: refs.old,
      graph_snapshot_ref: refs.fixed,
      target_fingerprints: [of(node)],
    });
  }
  return { mended: of('mended'), broken: of('broken'), untried: of('untried') };
}

const hourly = (...counts: [hours: number, failures: number][]) =>
  counts.map(([hours, failures]) => ({
    hour: new Date(NOW - hours * HOUR).toISOString(),
    failures,
  }));

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('lists %s', (door, open) => {
  const [agent, other] = [`trend ${door}`, `other ${door}`];
  let names: Awaited<ReturnType<typeof fixedAgent>>;
  beforeAll(async () => {
    names = await fixedAgent(agent);
    await fixedAgent(other);
  });

  it('tell hours and verdicts where they are asked for, as the group itself does', async () => {
    const { items } = await open().groups({ agent, trend: true });
    const of = (name: string) => items.find(({ fingerprint }) => fingerprint === name);
    expect(of(names.mended)).toMatchObject({
      last_evolution: { evolution_id: `${agent} mended`, verdict: 'effective' },
      hourly: hourly([30, 40]),
    });
    expect(of(names.broken)).toMatchObject({
      last_evolution: { evolution_id: `${agent} broken`, verdict: 'ineffective' },
      hourly: hourly([30, 40], [3, 40]),
    });
    expect(of(names.untried)).toMatchObject({ last_evolution: null, hourly: hourly([30, 40]) });
    for (const group of items) {
      const detail = await open().group(group.fingerprint);
      expect(group.hourly).toEqual(detail.hourly);
      expect(group.last_evolution?.verdict).toBe(detail.effects[0]?.verdict);
      expect(detail.evolutions.map(({ evolution_id }) => evolution_id)).toEqual(
        detail.effects.map(({ evolution_id }) => evolution_id),
      );
    }
  });

  it('tell the same of all agents at once', async () => {
    const { items } = await open().groups({ trend: true, limit: 500 });
    const own = items.filter(({ agent_id }) => agent_id === agent);
    expect(own).toEqual((await open().groups({ agent, trend: true })).items);
    expect(own).toHaveLength(3);
  });

  it('are as before without', async () => {
    const { items } = await open().groups({ agent, trend: false });
    expect(items).toEqual((await open().groups({ agent })).items);
    for (const group of items) expect(group).not.toHaveProperty('hourly');
    const fixes = items.flatMap(({ last_evolution }) => last_evolution ?? []);
    expect(fixes).toHaveLength(2);
    for (const fix of fixes) expect(fix).not.toHaveProperty('verdict');
  });

  it('count the hours of merged fingerprints together', async () => {
    await open().changeGroup(names.untried, { kind: 'merge', other_fingerprint: names.broken });
    const { items } = await open().groups({ agent, trend: true });
    expect(items.find(({ fingerprint }) => fingerprint === names.broken)).toMatchObject({
      fingerprints: [names.broken, names.untried],
      hourly: hourly([30, 80], [3, 40]),
    });
  });

  it('count groups by state beside agents where that is asked for', async () => {
    await open().changeGroup(names.mended, { kind: 'ignore' });
    const { items } = await open().agents({ states: true });
    const states = new Map(items.map((one) => [one.agent_id, one.states]));
    expect(states.get(agent)).toEqual({ new: 1, ignored: 1 });
    expect(states.get(other)).toEqual({ new: 3 });
    for (const one of (await open().agents()).items) expect(one).not.toHaveProperty('states');
  });

  it.each([
    ['trend', () => open().groups({ trend: 'yes' as never })],
    ['states', () => open().agents({ states: 'yes' as never })],
  ])('refuse what is no answer to %s', async (field, ask) => {
    await expect(ask()).rejects.toMatchObject({ name: 'InvalidInputError', field });
    await expect(ask()).rejects.toThrow('expected true or false');
  });
});
