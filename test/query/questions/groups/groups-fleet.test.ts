// Lists of all agents: what they show of one agent does not depend on how busy the others are.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verb } from '../../../support/verb.ts';
import { failedAttempt, snapshotRef, startWorld, type World } from '../../../support/world.ts';
import { fix, HOUR } from '../../fixed-agent.ts';

const agent = 'quiet';
let world: World;

beforeAll(async () => {
  world = await startWorld();
  const fails = () => failedAttempt(agent, { 'graph.snapshot.ref': snapshotRef('{"id":"old"}') });
  await world.send({ ...fails(), start: Date.now() - HOUR });
  const [group] = (await world.history.groups({ agent })).items;
  await fix(world, agent, 'fix', [group!.fingerprint]);
  await world.history.changeGroup(group!.fingerprint, { kind: 'resolve', evolution_id: 'fix' });
  // The old version still runs, which is no regression.
  await world.send(fails());
  // More than an agent's groups know of, all of them later.
  await world.send(
    ...Array.from({ length: 501 }, (_, index) => ({
      name: 'evolve_graph',
      attributes: {
        'gen_ai.agent.id': 'busy',
        'evolution.id': `busy ${index}`,
        'evolution.status': 'applied',
        'evolution.trigger': 'failure',
        'evolution.resolution': 'Look twice.',
      },
    })),
  );
});
afterAll(async () => {
  await world?.end();
});

it('a group of one agent is shown as in the list of its own agent', async () => {
  const { items } = await world.history.groups({ agent, trend: true });
  expect(items).toMatchObject([{ state: 'resolved', last_evolution: { evolution_id: 'fix' } }]);
  const all = await world.history.groups({ trend: true });
  expect(all.items).toEqual(items);
});

it('the states of one agent are those of its groups', async () => {
  const { items } = await world.history.agents({ states: true });
  const own = items.find(({ agent_id }) => agent_id === agent);
  expect(own?.states).toEqual({ resolved: 1 });
});

it('an agent with more groups than are looked at takes none from another', async () => {
  const { url, writer } = world.engine!;
  const client = createClient({
    url,
    ...writer,
    database: 'faultline',
    log: { level: ClickHouseLogLevel.OFF },
  });
  await client.command({
    query: `INSERT INTO failures (timestamp, failure_id, agent_id, fingerprint, level, class, error_type)
      SELECT now64(9) - intDiv(number, 5) / 1000, generateUUIDv4(), 'noisy', concat('v1:', lower(hex(MD5(toString(number))))), 'node', 'tool.error', 'Error'
      FROM numbers(20001)`,
  });
  // One that is no longer new, behind these.
  await client.command({
    query: `INSERT INTO failures (timestamp, failure_id, agent_id, fingerprint, level, class, error_type)
      SELECT now64(9) - toIntervalHour(12 + 240 * number), generateUUIDv4(), 'old',
        concat('v1:', lower(hex(MD5('old')))), 'node', 'tool.timeout', 'Error'
      FROM numbers(2)`,
  });
  await client.close();
  const { items } = await world.history.agents({ states: true });
  const statesOf = (name: string) => items.find(({ agent_id }) => agent_id === name)?.states;
  expect(statesOf(agent)).toEqual({ resolved: 1 });
  expect(statesOf('noisy')).toEqual({ new: 20_000 });
});

it('pages of all agents hold each group once, those that failed last first', async () => {
  const shown: { fingerprint: string; last_seen: string }[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 3; page++) {
    const { items, next_cursor }: Awaited<ReturnType<typeof world.history.groups>> =
      await world.history.groups({ limit: 500, ...(cursor ? { cursor } : {}) });
    shown.push(...items);
    cursor = next_cursor;
  }
  expect(new Set(shown.map(({ fingerprint }) => fingerprint)).size).toBe(1500);
  const order = shown.map(({ last_seen, fingerprint }) => [last_seen, fingerprint] as const);
  expect(order).toEqual(
    order.toSorted((a, b) => b[0].localeCompare(a[0]) || (a[1] < b[1] ? -1 : 1)),
  );
});

it('a group in a rare state is found behind all others', async () => {
  const { items, next_cursor } = await world.history.groups({ state: 'resolved' });
  expect(items.map(({ agent_id }) => agent_id)).toEqual([agent]);
  expect(next_cursor).toBeNull();
});

it('each state has its own groups, whatever the others are', async () => {
  const first = async (filter: { state: 'new' | 'ongoing' | 'escalating' | 'ignored' }) =>
    (await world.history.groups({ ...filter, limit: 1 })).items.map(({ agent_id }) => agent_id);
  expect(await first({ state: 'new' })).toEqual(['noisy']);
  expect(await first({ state: 'ongoing' })).toEqual(['old']);
  expect(await first({ state: 'escalating' })).toEqual([]);
  expect(await first({ state: 'ignored' })).toEqual([]);
  const [own] = (await world.history.groups({ class: 'tool.timeout' })).items;
  expect(own?.agent_id).toBe('old');
  expect((await world.history.groups({ text: 'in no message' })).items).toEqual([]);
});

it('a search among very many ends, says so, and goes on on the next page', async () => {
  // With a time, more cannot be told from the failures since then.
  const asked = { state: 'ongoing', since: '24h' } as const;
  const pages: Awaited<ReturnType<typeof world.history.groups>>[] = [];
  let cursor: string | null = null;
  do {
    const more: { cursor?: string } = cursor === null ? {} : { cursor };
    pages.push(await world.history.groups({ ...asked, ...more }));
    cursor = pages.at(-1)!.next_cursor;
  } while (cursor !== null);
  expect(pages.length).toBeGreaterThan(3);
  expect(pages[0]).toMatchObject({ items: [], searched: 3750 });
  expect(pages.flatMap(({ items }) => items.map(({ agent_id }) => agent_id))).toEqual(['old']);
  expect(pages.at(-1)).not.toHaveProperty('searched');
  const printed = await verb(world, 'groups', '--state', 'ongoing', '--since', '24h');
  expect(printed).toBe(
    `no groups so far\n3750 fingerprints were looked at; go on with --cursor ${pages[0]!.next_cursor}\n`,
  );
});

it('members of a group that failed far apart are listed once, by the last', async () => {
  const fails = (message: string) =>
    failedAttempt('merged', { 'exception.message': message, 'failure.class': 'budget.cost' });
  await world.send({ ...fails('the invoice was too dear'), start: Date.now() - HOUR });
  await world.send(fails('no money was left for tokens'));
  const [newer, older] = (await world.history.groups({ agent: 'merged' })).items;
  const { fingerprint } = older!;
  await world.history.changeGroup(fingerprint, {
    kind: 'merge',
    other_fingerprint: newer!.fingerprint,
  });
  const [first] = (await world.history.groups({ limit: 1 })).items;
  expect(first).toMatchObject({ agent_id: 'merged', failures: 2, last_seen: newer!.last_seen });
  const { items } = await world.history.groups({ class: 'budget.cost' });
  expect(items.map((group) => group.fingerprint)).toEqual([first!.fingerprint]);
});
