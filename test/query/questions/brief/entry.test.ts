// What the brief says of a problem: its place, its inputs, what was tried; and that its short ids go round.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshotOf } from '../../../../instrumentation/index.ts';
import { inCommon } from '../../../../query/questions/brief/inputs.ts';
import { placeOf } from '../../../../query/questions/brief/place.ts';
import { failedAttempt, goodAttempt, startWorld, type World } from '../../../support/world.ts';

describe('where a problem is', () => {
  it.each([
    [
      'TypeError: no\n    at read (node:fs:1:2)\n    at parse (/srv/app/node_modules/x/i.js:3:4)\n    at async validate (file:///srv/app/src/nodes/validate.ts:66:11)\n    at run (/srv/app/src/run.ts:1:1)',
      { function: 'validate', file: 'app/src/nodes/validate.ts', line: 66 },
    ],
    ['Error: no\n    at /app/main.js:5:9', { function: '', file: '/app/main.js', line: 5 }],
    [
      'Traceback (most recent call last):\n  File "/app/run.py", line 3, in main\n    step()\n  File "/app/steps.py", line 12, in step\n    json.loads(x)\n  File "/usr/lib/python3.12/json/__init__.py", line 346, in loads\nValueError: no',
      { function: 'step', file: '/app/steps.py', line: 12 },
    ],
    [
      'java.lang.Error: no\n\tat com.acme.Step.run(Step.java:41)',
      { function: 'com.acme.Step.run', file: 'Step.java', line: 41 },
    ],
    ['Error: no\n    at Array.map (<anonymous>)', null],
    ['no stack', null],
    ['', null],
    [`at ${'x ('.repeat(50_000)}`, null],
  ])('%j', (stack, place) => {
    expect(placeOf(stack)).toEqual(place);
  });
});

describe('what inputs have in common', () => {
  const facts = (...inputs: unknown[]) =>
    inCommon(inputs.map((input) => JSON.stringify(input))).facts.map(
      ({ field, is, value }) => `${field} ${value ?? ''} ${is}`,
    );

  it.each<[unknown[], string[]]>([
    [
      [
        { id: 1, ticket: { customer: null } },
        { id: 2, ticket: { customer: null } },
      ],
      ['ticket.customer  null in all', 'id  1 to 2'],
    ],
    [[{ total: -5 }, { total: 0 }], ['total  -5 to 0']],
    [
      [
        { items: [], x: 'a' },
        { items: [], x: 'b' },
      ],
      ['items  empty in all'],
    ],
    [
      [{ a: 1, b: 2 }, { b: 3 }],
      ['a  missing in 1 of 2', 'b  2 to 3'],
    ],
    [
      [
        { a: 'x', n: 1 },
        { a: 'x', n: 2 },
      ],
      ['a "x" in all', 'n  1 to 2'],
    ],
    [[{ a: 'x' }, { a: 1 }], ['a  of types number, string']],
    [[{ a: 1, b: null }], ['b  null in all']],
    [[[1], 'text', null], []],
  ])('%j', (inputs, expected) => {
    expect(facts(...inputs)).toEqual(expected);
  });

  it('compares distinct inputs, and leaves out what is no JSON', () => {
    expect(inCommon(['{"a":null}', '{"a":null}', 'text', '{"a":'])).toEqual({
      inputs: 1,
      facts: [{ field: 'a', is: 'null in all', value: null }],
    });
  });
});

describe('a problem, over the real engine', () => {
  let world: World;
  const agent = 'tickets';
  const graph = (prompt: string) => ({ id: 't', nodes: [{ id: 'validate', prompt }], edges: [] });
  const [first, second] = [snapshotOf(graph('a')), snapshotOf(graph('b'))];
  const ofVersion = ({ ref, body }: typeof first, name: string, failing: number, runs: number) =>
    Array.from({ length: runs }, (_, index) => {
      const about = {
        'graph.node.id': 'validate',
        'graph.snapshot.ref': ref,
        'graph.run.id': `${name}-${index}`,
      };
      const span =
        index < failing
          ? failedAttempt(agent, {
              ...about,
              'failure.disposition': 'terminal',
              'exception.message': "Cannot read properties of undefined (reading 'name')",
              'exception.stacktrace':
                "TypeError: Cannot read properties of undefined (reading 'name')\n    at validate (/srv/tickets/src/nodes/validate.ts:66:11)",
              'failure.input': JSON.stringify({ ticket: { id: index, customer: null } }),
              'failure.evidence': '{"operation":"execute_tool","target":"look_up"}',
            })
          : goodAttempt(agent, about);
      const event = {
        name: 'graph.snapshot',
        attributes: { 'graph.snapshot.ref': ref, 'graph.snapshot.body': body },
      };
      return index === 0 ? { ...span, events: [event] } : span;
    });

  beforeAll(async () => {
    world = await startWorld();
    await world.send(...ofVersion(first, 'one', 30, 40));
    const [group] = (await world.history.groups({ agent })).items;
    await world.history.recordEvolution({
      agent_id: agent,
      resolution: 'ask the model twice',
      target_fingerprints: [group!.fingerprint],
      from_ref: first.ref,
      graph: graph('b'),
    });
    await world.send(...ofVersion(second, 'two', 45, 60));
  });
  afterAll(() => world?.end());

  it.each([400, 1500])('is whole within %i tokens', async (max_tokens) => {
    const { markdown, tokens, groups } = await world.history.brief(agent, { max_tokens });
    expect(tokens).toBeLessThanOrEqual(max_tokens);
    expect(groups[0]).toMatchObject({
      place: { function: 'validate', file: 'tickets/src/nodes/validate.ts', line: 66 },
      called: { operation: 'execute_tool', target: 'look_up' },
      in_common: { inputs: 12 },
      began: { graph_snapshot_ref: first.ref, evolution_id: null },
    });
    const [, entry = ''] = markdown.split('## What fails\n\n');
    const lines = entry.split('\n').slice(0, 7);
    expect(lines[0]).toMatch(
      /^- node `validate`, tool `look_up`: .*class `code\.error`, ends 45 of 45 runs that met it on the version in use/,
    );
    expect(lines[1]).toMatch(
      /^ {2}- at `validate` `tickets\/src\/nodes\/validate\.ts:66`, message/,
    );
    expect(lines[2]).toContain('12 failing inputs compared: `ticket.customer` null in all');
    expect(lines[3]).toContain('last input');
    expect(lines[4]).toContain('began with version');
    expect(lines[5]).toMatch(
      /tried `"ask the model twice"`: \*\*ineffective\*\* \(`.*`\)\. Do not try it again as it was\./,
    );
    expect(lines[6]).toMatch(/^ {2}- group `[0-9a-f]{8}`, last failure `[0-9a-f]{8}`$/);
    expect(markdown.match(/\d\d:\d\dZ/g)!.length).toBeLessThanOrEqual(3);
  });

  it('is found by the short ids of the brief', async () => {
    const { markdown, groups, evolutions } = await world.history.brief(agent);
    const [, group, failure] = /group `(\w+)`, last failure `(\w+)`/.exec(markdown)!;
    expect((await world.history.group(group!)).fingerprint).toBe(groups[0]!.fingerprint);
    expect((await world.client.failure(failure!)).failure_id).toBe(groups[0]!.last_failure_id);
    expect((await world.client.cases(`v1:${group}…`)).items.length).toBeGreaterThan(0);
    const listed = await world.client.recentFailures({ fingerprint: `${group}*`, limit: 1 });
    expect(listed.items).toHaveLength(1);
    const [from, to] = [first.ref, second.ref].map((ref) => ref.slice(7, 15));
    expect((await world.client.diffGraphs(from!, `sha256:${to}`)).nodes.changed).toHaveLength(1);
    const { evolution_id: id } = evolutions[0]!;
    expect((await world.client.evolution(id.slice(0, 8))).evolution_id).toBe(id);
    const noted = await world.client.changeGroup(group!, { kind: 'note', value: 'seen' });
    expect(noted.fingerprint).toBe(groups[0]!.fingerprint);
  });

  it('refuses a start that several have, with their ids, and one that none has', async () => {
    await world.history.recordEvolution({
      agent_id: agent,
      evolution_id: 'fix-1',
      resolution: 'a',
    });
    await world.history.recordEvolution({
      agent_id: agent,
      evolution_id: 'fix-12',
      resolution: 'b',
    });
    await expect(world.client.evolution('fix')).rejects.toThrow(
      'evolution_id: "fix" is the start of several: fix-1, fix-12',
    );
    expect((await world.client.evolution('fix-1')).resolution).toBe('a');
    await expect(world.client.group('ffffffff')).rejects.toThrow(
      'fingerprint: nothing is stored for "ffffffff"',
    );
    await expect(world.client.failure('xyz')).rejects.toThrow('at least its first 4 digits');
  });
});
