// What empty lists say: which agents and nodes exist.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verb } from '../../support/verb.ts';
import { failedAttempt, goodAttempt, startWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.end());

it('no agent is on record at first', async () => {
  expect(await verb(world, 'recent')).toBe('no failures; no agent is on record yet\n');
});

it('names agents, nodes, and which of those asked for exist', async () => {
  await world.send(
    failedAttempt('billing', { 'graph.node.id': 'fetch' }),
    goodAttempt('billing', { 'graph.node.id': 'book' }),
    goodAttempt('mail\u001b[31m`er'),
  );
  const nobody =
    /of agent `bil`; agents on record: (`billing`, `mail.*er`|`mail.*er`, `billing`)\n$/;
  for (const [name, none] of [
    ['recent', 'no failures'],
    ['groups', 'no groups'],
    ['runs', 'no runs'],
    ['nodes', 'no attempts'],
    ['evolutions', 'no evolutions'],
    ['timeline', 'no events'],
  ] as const) {
    const text = await verb(world, name, '--agent', 'bil');
    expect(text).toMatch(nobody);
    expect(text.startsWith(`${none} `), text).toBe(true);
    expect(text).not.toContain('\u001b');
  }
  expect(await verb(world, 'recent', '--agent', 'billing', '--node', 'fech')).toMatch(
    /^node `fech` is not on record for agent `billing`; its nodes: (`book`, `fetch`|`fetch`, `book`)\n$/,
  );
  expect(await verb(world, 'groups', '--agent', 'billing', '--node', 'book')).toBe(
    'no groups of node `book` of agent `billing`, which is on record\n',
  );
  expect(await verb(world, 'evolutions', '--agent', 'billing')).toBe(
    'no evolutions of agent `billing`, which is on record\n',
  );
});

it('names ten agents of many, and none in JSON', async () => {
  await world.send(...Array.from({ length: 12 }, (_, n) => failedAttempt(`agent-${n}`)));
  const text = await verb(world, 'recent', '--agent', 'nobody');
  expect(text.match(/`/g)).toHaveLength(2 * 11);
  expect(text).toMatch(/ and more\n$/);
  const json = await verb(world, 'recent', '--agent', 'nobody', '--json');
  expect(JSON.parse(json)).toEqual({ items: [], next_cursor: null });
});

it('says which failed spans were skipped', async () => {
  for (let i = 0; i < 3; i++) await world.send({ name: 'legacy.step', error: 'it broke' });
  const hint =
    '3 failed spans of service `test-executor` were skipped, e.g. `legacy.step`; `faultline start --keep all-errors` keeps them';
  expect(await verb(world, 'recent', '--agent', 'nobody')).toContain(`and more\n${hint}\n`);
  expect(await verb(world, 'brief', '--agent', 'nobody')).toContain(`nothing is stored.\n${hint}.`);
  const asked = await fetch(`${world.query}/mcp/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'list_failures', arguments: { agent: 'nobody' } },
    }),
  });
  expect(JSON.stringify(await asked.json())).toContain(`No failure fits. Note: ${hint}.`);
  expect(await world.client.skippedSpans()).toMatchObject({
    items: [{ service: 'test-executor', span: 'legacy.step', count: 3 }],
    hint,
  });
  // Where no collector runs in the process, it is known elsewhere.
  expect((await world.history.skippedSpans()).hint).toContain('`faultline doctor`');
});
