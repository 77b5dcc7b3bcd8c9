// What lists tell on demand, over the real engine and all doors: hours and verdicts of groups, states of agents.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../../support/world.ts';
import { fixedAgent, HOUR, NOW } from '../../fixed-agent.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world?.end();
});

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
    names = await fixedAgent(world, agent);
    await fixedAgent(world, other);
  });

  it('show hours and verdicts where they are asked for, as the group itself does', async () => {
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

  it('show the same of all agents at once', async () => {
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
    expect(states.get(other)).toEqual({ new: 2, resolved: 1 });
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
