// Evolutions of a node: those that target a group or a failure of it, through all doors.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verb } from '../../../support/verb.ts';
import { failedAttempt, startWorld, type World } from '../../../support/world.ts';

const agent = 'evolved';
let world: World;

beforeAll(async () => {
  world = await startWorld();
  const fails = (of: string, node: string) => failedAttempt(of, { 'graph.node.id': node });
  await world.send(fails(agent, 'parse'), fails(agent, 'book'), fails('another', 'parse'));
  const { items } = await world.history.recentFailures();
  const failure = (of: string, node: string) =>
    items.find(({ agent_id, node_id }) => agent_id === of && node_id === node)!;
  const [parse, book, others] = [
    failure(agent, 'parse'),
    failure(agent, 'book'),
    failure('another', 'parse'),
  ];
  const targets = {
    group: { target_fingerprints: [parse.fingerprint] },
    failure: { target_failures: [parse.failure_id] },
    both: { target_fingerprints: [book.fingerprint, parse.fingerprint] },
    elsewhere: { target_fingerprints: [book.fingerprint], target_failures: [book.failure_id] },
    none: {},
  };
  for (const [evolution_id, target] of Object.entries(targets)) {
    await world.history.recordEvolution({
      agent_id: agent,
      evolution_id,
      resolution: 'r',
      ...target,
    });
  }
  // Of any other SDK, which does not look up the groups of the failures that it names.
  await world.send({
    name: 'evolve_graph',
    attributes: {
      'gen_ai.agent.id': agent,
      'evolution.id': 'foreign',
      'evolution.status': 'applied',
      'evolution.trigger': 'failure',
      'evolution.resolution': 'r',
      'evolution.target.failures': [book.failure_id],
    },
  });
  await world.history.recordEvolution({
    agent_id: 'another',
    evolution_id: 'anothers',
    resolution: 'r',
    target_fingerprints: [others.fingerprint],
  });
});
afterAll(async () => {
  await world?.end();
});

const names = ({ items }: { items: { evolution_id: string }[] }) =>
  items.map(({ evolution_id }) => evolution_id);

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('evolutions of a node %s', (_door, open) => {
  it('are those that target it, newest first', async () => {
    expect(names(await open().evolutions({ agent, node: 'parse' }))).toEqual([
      'both',
      'failure',
      'group',
    ]);
    expect(names(await open().evolutions({ agent, node: 'book' }))).toEqual([
      'foreign',
      'elsewhere',
      'both',
    ]);
    expect(names(await open().evolutions({ node: 'parse' }))).toContain('anothers');
    expect(names(await open().evolutions({ agent, node: 'unknown' }))).toEqual([]);
  });

  it('come page by page', async () => {
    const first = await open().evolutions({ agent, node: 'parse', limit: 2 });
    expect(names(first)).toEqual(['both', 'failure']);
    const cursor = first.next_cursor!;
    const last = await open().evolutions({ agent, node: 'parse', limit: 2, cursor });
    expect([names(last), last.next_cursor]).toEqual([['group'], null]);
    const late = await open().evolutions({ agent, node: 'parse', since: '2100-01-01' });
    expect(names(late)).toEqual([]);
  });

  it('are refused for a node without a name', async () => {
    await expect(open().evolutions({ node: '' })).rejects.toMatchObject({ field: 'node' });
  });
});

it('the verb lists them', async () => {
  const told = await verb(world, 'evolutions', '--agent', agent, '--node', 'book', '--json');
  expect(names(JSON.parse(told))).toEqual(['foreign', 'elsewhere', 'both']);
});
