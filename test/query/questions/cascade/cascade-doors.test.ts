// The cascade of a stored run through every door.

import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeCascade } from '../../../../deploy/cli/verbs/cascade.ts';
import { type Cascade, InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;

const body = JSON.stringify({
  edges: [
    { source: 'fetch', target: 'parse' },
    { source: 'parse', target: 'write' },
  ],
  id: 'g',
  nodes: [{ id: 'fetch' }, { id: 'parse' }, { id: 'write' }],
});
const agent = 'cascade agent';
const traceId = randomBytes(16).toString('hex');
const start = Date.now() - 600_000;
const id = (name: string): string => Buffer.from(name.padEnd(8, '.')).toString('hex');

interface Placed {
  span: string;
  parent?: string;
  from: number;
  to: number;
}
const placed = (span: OtlpSpan, { span: name, parent, from, to }: Placed): OtlpSpan => ({
  ...span,
  traceId,
  spanId: id(name),
  ...(parent ? { parentSpanId: id(parent) } : {}),
  start: start + from * 1000,
  end: start + to * 1000,
});
const inRun = (node: string, more: Record<string, string | number> = {}) => ({
  'graph.run.id': 'cascade-run',
  'graph.snapshot.ref': snapshotRef(body),
  'graph.node.id': node,
  ...more,
});

beforeAll(async () => {
  world = await startWorld();
  const run = goodAttempt(agent, inRun('')).attributes!;
  await world.send(
    placed(
      {
        ...goodAttempt(agent, inRun('fetch')),
        events: [
          {
            name: 'graph.snapshot',
            attributes: { 'graph.snapshot.ref': snapshotRef(body), 'graph.snapshot.body': body },
          },
        ],
      },
      { span: 'fetch', parent: 'run', from: 1, to: 2 },
    ),
    placed(failedAttempt(agent, inRun('parse', { 'failure.disposition': 'retried' })), {
      span: 'parse1',
      parent: 'run',
      from: 2,
      to: 3,
    }),
    placed(goodAttempt(agent, inRun('parse', { 'graph.node.attempt': 2 })), {
      span: 'parse2',
      parent: 'run',
      from: 4,
      to: 5,
    }),
    // A node of a subgraph: the attempt around it names it.
    placed(
      failedAttempt(
        agent,
        inRun('inner', {
          'failure.disposition': 'terminal',
          'failure.evidence': '{"judge_feedback":"not \\u001b[31mgood"}',
        }),
      ),
      { span: 'inner', parent: 'write', from: 6, to: 7 },
    ),
    // The clock of this one's executor runs behind.
    placed(
      {
        name: 'execute_tool search',
        error: 'no results',
        attributes: { 'gen_ai.operation.name': 'execute_tool', 'error.type': 'ToolError' },
      },
      { span: 'tool', parent: 'inner', from: -90, to: -89 },
    ),
    placed(
      {
        name: 'execute_node write',
        error: 'inner failed',
        attributes: { ...run, 'graph.node.id': 'write', 'failure.root.span_id': id('inner') },
      },
      { span: 'write', parent: 'run', from: 5, to: 8 },
    ),
    placed(
      {
        name: 'execute_graph g',
        error: 'inner failed',
        attributes: {
          ...run,
          'graph.run.outcome': 'failure',
          'failure.root.span_id': id('inner'),
        },
      },
      { span: 'run', from: 0, to: 9 },
    ),
  );
});
afterAll(async () => {
  await world?.end();
});

const asked = async (): Promise<string> => {
  const { items } = await world.history.recentFailures({ agent, node: 'inner' });
  return items.find(({ level }) => level === 'node')!.failure_id;
};

function brief({ run, failures, consequences, left_out, notes, ...cascade }: Cascade) {
  const name = (failureId: string | null) => {
    const one = failures.find(({ failure_id }) => failure_id === failureId);
    return one ? `${one.level} ${one.node_id}` : failureId;
  };
  return {
    failures: failures.map(
      ({ failure_id, follows, went_on }) =>
        `${name(failure_id)} <- ${follows.map((one) => `${name(one.failure_id)} by ${one.by}`)}: ${went_on.how}`,
    ),
    consequences: consequences.map(
      (one) => `${one.what} ${one.node_id} <- ${name(one.failure_id)}`,
    ),
    run: [run?.outcome, name(run?.ended_by ?? null)],
    first: name(cascade.first_failure_id),
    root: name(cascade.root_failure_id),
    left_out,
    notes,
  };
}

it.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('tells the cascade %s', async (_door, open) => {
  const cascade = await open().cascade(await asked());
  expect(brief(cascade)).toEqual({
    failures: [
      'node parse <- : recovered',
      'operation inner <- : failed_node',
      'node inner <- operation inner by parent: ended_run',
    ],
    consequences: ['attempt write <- node inner', 'run  <- node inner'],
    run: ['failure', 'node inner'],
    first: 'node parse',
    root: 'operation inner',
    left_out: { failures: 0, attempts: 0 },
    notes: [],
  });
  expect(cascade.run).toMatchObject({
    started_at: new Date(start).toISOString().replace('Z', '000000Z'),
  });
});

it('is harmless in a terminal', async () => {
  const text = describeCascade(await world.client.cascade(await asked()));
  expect(text).toContain('ended by     #3');
  expect(text).toContain('followed from #2 by parent');
  expect(text).toContain('evidence (judge) judge_feedback: not good');
  expect(text).not.toContain('\u001b');
});

it('names the field that is wrong', async () => {
  await expect(world.client.cascade('17')).rejects.toThrow(InvalidInputError);
  await expect(world.client.cascade(randomUUID())).rejects.toThrow(NotFoundError);
});

it('looks at a large run around the failure, and says what it left out', async () => {
  const many = 'large agent';
  const at = Date.now() - 3_600_000;
  const spans = Array.from({ length: 1_500 }, (_, index) => ({
    ...(index % 3 === 0 ? failedAttempt(many) : goodAttempt(many)),
    start: at + index * 10,
    end: at + index * 10 + 5,
  }));
  await world.send(...spans);
  const page = await world.history.recentFailures({ agent: many, limit: 251 });
  const middle = page.items.at(-1)!.failure_id;
  const { failures, left_out, notes } = await world.history.cascade(middle);
  expect([failures.length, left_out.failures]).toEqual([300, 200]);
  expect(left_out.attempts).toBe(500);
  expect(notes.at(-1)).toContain('200 failures and 500 attempts');
  expect(failures.map(({ failure_id }) => failure_id)).toContain(middle);
  const [newest] = page.items;
  expect(failures.map(({ failure_id }) => failure_id)).toContain(newest!.failure_id);
});
