// How many statements ClickHouse is asked: for a long list as many as for a short one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type History } from '../../../query/index.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { type Counting, counting } from '../counting.ts';
import { fix, fixedAgent } from '../fixed-agent.ts';

let world: World;
let store: Counting;
let history: History;

beforeAll(async () => {
  world = await startWorld();
  store = await counting(world.clickhouse);
  history = connect({ clickhouse: { ...world.asQuery, url: store.url } });
});
afterAll(async () => {
  await history?.close();
  store?.close();
  await world?.end();
});

const statementsOf = (ask: () => Promise<unknown>) => store.of(ask);

describe('evolutions with their effects', () => {
  const [agent, other] = ['tried', 'another'];
  const listed = (filter: { agent?: string }) =>
    statementsOf(() => history.evolutions({ ...filter, effects: true, limit: 500 }));
  let few: number;
  beforeAll(async () => {
    const { mended, broken } = await fixedAgent(world, agent);
    few = await listed({ agent });
    for (const [index, targets] of [[mended], [broken], [mended, broken], [mended], []].entries()) {
      await fix(world, agent, `more ${index}`, targets);
    }
  });

  it('are as many for seven as for two', async () => {
    expect((await history.evolutions({ agent })).items).toHaveLength(7);
    expect(await listed({ agent })).toBe(few);
    // The page; then counts, evolutions and events of the agent; then versions, attempts and failures.
    expect(few).toBe(7);
  });

  it('grow with the agents', async () => {
    await fixedAgent(world, other);
    expect(await listed({})).toBe(1 + 2 * (few - 1));
  });

  it('are one without', async () => {
    expect(await statementsOf(() => history.evolutions())).toBe(1);
  });
});

describe('groups whose states follow the effects of fixes', () => {
  it('are as many for seven fixes as for two', async () => {
    const agent = 'judged';
    const { mended, broken } = await fixedAgent(world, agent);
    const counts = async () => ({
      groups: await statementsOf(() => history.groups({ agent })),
      group: await statementsOf(() => history.group(mended)),
      brief: await statementsOf(() => history.brief(agent)),
    });
    const few = await counts();
    for (const [index, targets] of [[mended], [broken], [mended, broken], [broken], []].entries()) {
      await fix(world, agent, `again ${index}`, targets);
    }
    expect(await counts()).toEqual(few);
    expect(few).toEqual({ groups: 8, group: 15, brief: 11 });
  });
});

describe('groups of all agents', () => {
  it('are not counted where none is behind the page', async () => {
    // Their order, then changes and evolutions; neither counts nor hours, which would be of all.
    expect(await statementsOf(() => history.groups({ since: '2200-01-01T00:00:00Z' }))).toBe(3);
  });
});

describe('agents with their states', () => {
  const counted = () => statementsOf(() => history.agents({ states: true }));

  /** An agent whose group came back after it was resolved. */
  async function regressed(agent: string) {
    await world.send(failedAttempt(agent));
    const { items } = await world.history.groups({ agent });
    await world.history.changeGroup(items[0]!.fingerprint, { kind: 'resolve' });
    await world.send(failedAttempt(agent));
  }

  it('are as many for six as for one, also where groups came back', async () => {
    await regressed('regressed-a');
    const few = await counted();
    for (const name of ['b', 'c', 'd', 'e', 'f']) await regressed(`regressed-${name}`);
    expect(await counted()).toBe(few);
    const { items } = await history.agents({ states: true });
    const back = items.filter(({ states }) => states?.regressed === 1);
    expect(back).toHaveLength(6);
  });
});
