// Lists of evolutions that come with what each did, over the real engine and all doors.
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { History } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import { startWorld, type World } from '../../../support/world.ts';
import { type Counting, counting } from '../../counting.ts';
import { fix, fixedAgent } from '../../fixed-agent.ts';
import { call, callForText, overStdio } from '../../mcp/mcp-clients.ts';

const [agent, other] = ['tried', 'another'];
let world: World;
let service: Counting;
let names: Awaited<ReturnType<typeof fixedAgent>>;

beforeAll(async () => {
  world = await startWorld();
  service = await counting(world.query);
  names = await fixedAgent(world, agent);
  const others = await fixedAgent(world, other);
  await fix(world, agent, 'both', [names.mended, names.broken]);
  await fix(world, agent, 'aimless', []);
  // An id is one agent's own.
  await fix(world, other, 'both', [others.untried]);
});
afterAll(async () => {
  service?.close();
  await world?.end();
});

/** What is listed of each, the newest first. */
const verdicts = ({ items }: Awaited<ReturnType<History['evolutions']>>) =>
  items.map(({ evolution_id, effects }) => [
    evolution_id,
    ...effects!.map(({ fingerprint, verdict }) => [fingerprint, verdict]),
  ]);
const expected = () => [
  ['aimless'],
  ['both', [names.mended, 'effective'], [names.broken, 'ineffective']],
  [`${agent} broken`, [names.broken, 'ineffective']],
  [`${agent} mended`, [names.mended, 'effective']],
];

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('evolutions %s', (_door, open) => {
  it('come with what they did to their targets, as each by itself', async () => {
    const page = await open().evolutions({ agent, effects: true });
    expect(verdicts(page)).toEqual(expected());
    for (const { evolution_id, effects } of page.items) {
      // By this id alone the other agent's may be meant.
      if (evolution_id === 'both') continue;
      const { items } = await open().effects(evolution_id);
      expect(effects).toEqual(items.filter(({ targeted }) => targeted));
    }
  });

  it('of all agents too, each judged by its own runs', async () => {
    const { items } = await open().evolutions({ effects: true });
    const own = items.filter(({ agent_id }) => agent_id === agent);
    expect(own).toEqual((await open().evolutions({ agent, effects: true })).items);
    expect(items[0]).toMatchObject({
      agent_id: other,
      evolution_id: 'both',
      effects: [{ verdict: 'insufficient_exposure' }],
    });
    expect(items.map(({ agent_id }) => agent_id)).toEqual([
      other,
      ...Array(2).fill(agent),
      ...Array(2).fill(other),
      ...Array(2).fill(agent),
    ]);
  });

  it('come page by page and by node with them', async () => {
    const first = await open().evolutions({ agent, effects: true, limit: 2 });
    const cursor = first.next_cursor!;
    const last = await open().evolutions({ agent, effects: true, limit: 2, cursor });
    expect([...verdicts(first), ...verdicts(last)]).toEqual(expected());
    const broken = await open().evolutions({ agent, node: 'broken', effects: true });
    expect(verdicts(broken)).toEqual(expected().slice(1, 3));
  });

  it('come without where that is not asked for', async () => {
    const { items } = await open().evolutions({ agent, effects: false });
    expect(items).toEqual((await open().evolutions({ agent })).items);
    for (const item of items) expect(item).not.toHaveProperty('effects');
    const none = await open().evolutions({ agent: 'nobody', effects: true });
    expect(none.items).toEqual([]);
    await expect(open().evolutions({ effects: 'yes' as never })).rejects.toMatchObject({
      field: 'effects',
      message: expect.stringContaining('expected true or false'),
    });
  });
});

it('the verb prints them, and asks once', async () => {
  const through = { ...world, query: service.url };
  let told = '';
  const asked = await service.of(async () => {
    told = await verb(through, 'evolutions', '--agent', agent, '--json');
  });
  expect(verdicts(JSON.parse(told))).toEqual(expected());
  expect(asked).toBe(1);
  const table = await verb(world, 'evolutions', '--agent', agent);
  expect(table).toMatch(/both .*1 effective, 1 ineffective/);
  expect(table).toMatch(/tried mended .* effective .* 40\/40 runs .* 0\/40 runs/);
});

describe('the MCP tool', () => {
  let client: Client;
  beforeAll(async () => {
    client = await overStdio(service.url);
  });
  afterAll(() => client?.close());

  it('shows them, and asks once', async () => {
    const answer = await call(client, 'list_evolutions', { agent });
    expect(verdicts(answer.data)).toEqual(expected());
    expect(answer.text).toMatch(/\*\*effective\*\*, failed in 40\/40 runs before and 0\/40 after/);
    const asked = await service.of(async () => {
      await callForText(client, 'list_evolutions', { agent });
    });
    expect(asked).toBe(1);
  });

  it('lists those of a node, and goes on with them', async () => {
    const { data } = await call(client, 'list_evolutions', { agent, node: 'broken', limit: 1 });
    expect(verdicts(data)).toEqual(expected().slice(1, 2));
    const [step] = data.next;
    expect(step.arguments).toMatchObject({ agent, node: 'broken' });
    const rest = await call(client, step.tool, step.arguments);
    expect(verdicts(rest.data)).toEqual(expected().slice(2, 3));
    expect(rest.data.next_cursor).toBeNull();
    const none = await call(client, 'list_evolutions', { agent, node: 'untried' });
    expect(none.text).toContain('No evolution is on record.');
  });

  it('keeps an answer with all that was done within its bound, and goes on where it ends', async () => {
    const target_groups = [...'abcdef', 'ab', 'cd', 'ef', 'ac'].map(
      (letters) => `v1:${letters.repeat(32 / letters.length)}`,
    );
    const sent = Array.from({ length: 20 }, (_, index) => `wide ${index}`);
    await world.send(
      ...sent.map((id) => ({
        name: 'evolve_graph',
        attributes: {
          'gen_ai.agent.id': 'wide',
          'evolution.id': id,
          'evolution.status': 'applied',
          'evolution.trigger': 'failure',
          'evolution.resolution': 'Look twice.',
          'evolution.target.fingerprints': target_groups,
        },
      })),
    );
    const seen: string[] = [];
    let step = { tool: 'list_evolutions', arguments: { agent: 'wide', limit: 20 } };
    while (step) {
      const { data } = await call(client, step.tool, step.arguments);
      expect(JSON.stringify(data.items).length).toBeLessThan(12_100);
      for (const item of data.items) {
        expect(item.effects).toHaveLength(10);
        seen.push(item.evolution_id);
      }
      [step] = data.next;
    }
    expect(seen.sort()).toEqual(sent.sort());
  });
});
