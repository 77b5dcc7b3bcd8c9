// Failures and groups by class and by a part of the message, at every door.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../query/index.ts';
import { verb } from '../../../support/verb.ts';
import { failedAttempt, startWorld, type World } from '../../../support/world.ts';

const agent = 'searched';
let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.send(
    failed('fetch', 'tool.timeout', 'GET /orders took 30 s'),
    failed('fetch', 'tool.timeout', 'GET /orders took 45 s'),
    failed('parse', 'data.error', 'The TOTAL of „Müller“ is 100 % of_nothing'),
    failed('parse', 'code.error', 'x is not a function', 'other'),
  );
});
afterAll(() => world?.end());

function failed(node: string, kind: string, message: string, of = agent) {
  return failedAttempt(of, {
    'graph.node.id': node,
    'graph.run.id': randomUUID(),
    'failure.class': kind,
    'error.type': `${node}Error`,
    'exception.message': message,
  });
}

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('class and text %s', (_, open) => {
  const nodes = async (input: object) => {
    const failures = (await open().recentFailures(input)).items.map(({ node_id }) => node_id);
    const groups = (await open().groups(input)).items.map(({ node_id }) => node_id);
    return { failures, groups };
  };
  const FETCH = { failures: ['fetch', 'fetch'], groups: ['fetch'] };
  const PARSE = { failures: ['parse'], groups: ['parse'] };
  const NONE = { failures: [], groups: [] };

  it.each([
    ['a class', { class: 'tool.timeout' }, FETCH],
    ['a class of another agent', { agent, class: 'code.error' }, NONE],
    ['a class that nothing has', { class: 'nothing' }, NONE],
    ['a part of a message', { text: '/orders TOOK' }, FETCH],
    ['letters beyond ASCII', { text: 'MÜLLER' }, PARSE],
    ['signs of patterns as they are', { text: '100 % of_' }, PARSE],
    ['no pattern', { text: '100%of' }, NONE],
    ['class and text', { class: 'data.error', text: 'orders' }, NONE],
    ['text of another agent', { agent, text: 'not a function' }, NONE],
    ['a quote and a backslash', { text: `'\\n` }, NONE],
  ])('by %s', async (_what, input, expected) => {
    expect(await nodes(input)).toEqual(expected);
  });

  it('finds a group by the message of any of its failures', async () => {
    const { items } = await open().groups({ agent, text: '30 s' });
    expect(items).toMatchObject([{ node_id: 'fetch', failures: 2 }]);
  });

  it('reads on with a cursor', async () => {
    const first = await open().recentFailures({ text: 'orders', limit: 1 });
    const next = await open().recentFailures({
      text: 'orders',
      limit: 1,
      cursor: first.next_cursor!,
    });
    const ids = [...first.items, ...next.items].map(({ failure_id }) => failure_id);
    expect(new Set(ids).size).toBe(2);
    expect(next.next_cursor).toBeNull();
  });

  it('refuses an empty or very long text by its name', async () => {
    for (const text of ['', 'x'.repeat(257)]) {
      await expect(open().recentFailures({ text })).rejects.toThrow(InvalidInputError);
      await expect(open().groups({ text })).rejects.toThrow(/text/);
    }
  });
});

it('a group whose class is annotated is found by that', async () => {
  const [group] = (await world.history.groups({ agent: 'other' })).items;
  await world.client.changeGroup(group!.fingerprint, { kind: 'annotate', value: 'data.error' });
  const found = await world.history.groups({ agent: 'other', class: 'data.error' });
  expect(found.items).toHaveLength(1);
  expect((await world.history.groups({ agent: 'other', class: 'code.error' })).items).toEqual([]);
});

it('the verbs take both', async () => {
  const flags = ['--agent', agent, '--class', 'tool.timeout', '--text', 'ORDERS'];
  const recent = await verb(world, 'recent', ...flags);
  expect(recent.trim().split('\n')).toHaveLength(3);
  const { items } = JSON.parse(await verb(world, 'groups', '--json', ...flags));
  expect(items).toMatchObject([{ class: 'tool.timeout', failures: 2 }]);
});
