// Similar failures across agents and nodes, through every door.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSimilar } from '../../../../deploy/cli/verbs/similar.ts';
import { InvalidInputError, NotFoundError } from '../../../../query/index.ts';
import { cleaned, wordsOf } from '../../../../query/questions/similar/words.ts';
import { failedAttempt, startWorld, type World } from '../../../support/world.ts';

let world: World;

const python = (file: string, name: string) =>
  `Traceback (most recent call last):\n  File "/app/${file}", line 31, in ${name}\n    x()\n  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 914, in send\n    y()\nValueError: x`;

const failed = (agent: string, node: string, message: string, more: Record<string, string> = {}) =>
  failedAttempt(agent, { 'graph.node.id': node, 'exception.message': message, ...more });

beforeAll(async () => {
  world = await startWorld();
  const stack = python('billing/read.py', 'read_invoice');
  await world.send(
    failed('billing', 'parse', 'cannot read the total of invoice 17 from supplier', {
      'exception.stacktrace': stack,
    }),
    failed('billing', 'parse', 'cannot read the total of invoice 18 from supplier', {
      'exception.stacktrace': stack,
    }),
    failed('travel', 'book', 'cannot read the total of booking 4 from supplier \u001b[31m'),
    failed('travel', 'extract', 'cannot read the total of invoice 99 from supplier', {
      'exception.stacktrace': python('travel/read.py', 'read_invoice'),
    }),
    failed('travel', 'pay', 'payment gateway refused the card', { 'error.type': 'PaymentError' }),
    failed('chat', 'answer', 'モデルが空の応答を返しました', { 'error.type': 'EmptyResponse' }),
    failed('chat', 'judge', ''),
  );
});
afterAll(async () => {
  await world?.end();
});

const invoice = async (): Promise<string> =>
  (await world.history.recentFailures({ agent: 'billing' })).items[0]!.failure_id;

describe.each([
  ['in process', () => world.history],
  ['over HTTP', () => world.client],
])('similar failures %s', (_door, open) => {
  it('are those of other agents and nodes, the nearest first, and say why', async () => {
    const { items, next_cursor } = await open().similarFailures({ failure: await invoice() });
    expect(items.map(({ agent_id, node_id }) => `${agent_id} ${node_id}`)).toEqual([
      'travel extract',
      'travel book',
    ]);
    expect(next_cursor).toBeNull();
    const [extract, book] = items;
    expect(extract).toMatchObject({
      failures: 1,
      shared_frames: ['read.py', 'read_invoice'],
      fixes: [],
    });
    expect(extract!.score).toBeCloseTo(1, 1);
    expect(extract!.why).toContain('frames by 100 % (2 of 2), the same type of error');
    expect(book!.score).toBeLessThan(extract!.score);
    expect(book!.shared_words).toContain('supplier');
    expect(book!.shared_words).not.toContain('invoice');
  });

  it('are found by a message', async () => {
    const text = 'The payment gateway has refused card 12.';
    const { items } = await open().similarFailures({ text });
    expect(items[0]).toMatchObject({ node_id: 'pay', shared_frames: [] });
    const japanese = await open().similarFailures({ text: 'モデルが空の応答を返した' });
    expect(japanese.items.map(({ node_id }) => node_id)).toEqual(['answer']);
    expect((await open().similarFailures({ text: '??? 17' })).items).toEqual([]);
    const attack = `') OR 1 = 1 --\\' {agent:String} cannot read`;
    expect((await open().similarFailures({ text: attack })).items.length).toBeLessThan(4);
  });

  it('are filtered', async () => {
    const failure = await invoice();
    const nodes = async (options: object) =>
      (await open().similarFailures({ failure, ...options })).items.map(({ node_id }) => node_id);
    expect(await nodes({ agent: 'travel', node: 'book' })).toEqual(['book']);
    expect(await nodes({ agent: 'billing' })).toEqual([]);
    expect(await nodes({ limit: 1 })).toEqual(['extract']);
    expect(await nodes({ since: '2200-01-01' })).toEqual([]);
  });

  it.each<[object, string]>([
    [{}, 'failure'],
    [{ failure: randomUUID(), text: 'x' }, 'text'],
    [{ failure: '17' }, 'failure'],
    [{ text: ' ' }, 'text'],
    [{ text: 'x'.repeat(1001) }, 'text'],
    [{ text: 'x', limit: 51 }, 'limit'],
  ])('name the field of %j', async (options, field) => {
    const error = await open()
      .similarFailures(options)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).field).toBe(field);
  });

  it('are not there for a failure that is not', async () => {
    await expect(open().similarFailures({ failure: randomUUID() })).rejects.toThrow(NotFoundError);
  });
});

it('take the longest text of the widest characters', async () => {
  await expect(world.client.similarFailures({ text: '𠀀モ '.repeat(250) })).resolves.toBeDefined();
});

it('show what was tried there', async () => {
  const { items } = await world.history.recentFailures({ agent: 'travel', node: 'extract' });
  await world.history.recordEvolution({
    agent_id: 'travel',
    evolution_id: 'evolution-1',
    resolution: 'ask the supplier \u001b[31magain',
    target_failures: [items[0]!.failure_id],
    graph: { id: 'g', nodes: [{ id: 'extract' }], edges: [] },
  });
  const found = await world.client.similarFailures({ failure: await invoice() });
  expect(found.items[0]!.fixes).toMatchObject([
    { evolution_id: 'evolution-1', status: 'applied', verdict: 'insufficient_exposure' },
  ]);
  const text = describeSimilar(found.items);
  expect(text).toContain(
    'fix evolution-1 (applied, insufficient_exposure): ask the supplier again',
  );
  expect(text).not.toContain('\u001b');
});

it('leave out groups whose failures are of another group now', async () => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  await world.send({
    name: 'invoke_agent late',
    traceId,
    spanId,
    error: 'cannot read the total of invoice from anybody',
    attributes: { 'gen_ai.agent.name': 'late', 'gen_ai.operation.name': 'invoke_agent' },
  });
  const failure = await invoice();
  const agents = async () =>
    (await world.history.similarFailures({ failure })).items.map(({ agent_id }) => agent_id);
  await expect.poll(agents).toContain('late');
  // The log record tells what it really was.
  await log(traceId, spanId, { 'exception.type': 'E', 'exception.message': 'socket hang up' });
  await world.drained();
  expect((await world.history.recentFailures({ agent: 'late' })).items).toMatchObject([
    { error_message: 'socket hang up' },
  ]);
  expect(await agents()).not.toContain('late');
});

async function log(traceId: string, spanId: string, told: Record<string, string>): Promise<void> {
  const attributes = Object.entries(told).map(([key, stringValue]) => ({
    key,
    value: { stringValue },
  }));
  const record = {
    traceId,
    spanId,
    timeUnixNano: `${Date.now()}000000`,
    severityNumber: 17,
    eventName: 'gen_ai.client.operation.exception',
    attributes,
  };
  const response = await fetch(`${world.otlpHttp}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ logRecords: [record] }] }],
    }),
  });
  expect(response.status).toBe(200);
}

describe('words', () => {
  it.each([
    ['cannot read <str> of invoice <num>', ['cannot', 'read', 'of', 'invoice']],
    ['HTTP 503: retry-after=30s id 0xab12 a', ['http', 'retry', 'after', 'id']],
    ['', []],
    ['17 ??? <num>', []],
    ['モデルが 空の', ['モデルが', '空の']],
  ])('of %j', (message, words) => {
    expect(wordsOf(message)).toEqual(words);
  });

  it('are bounded', () => {
    const many = Array.from(
      { length: 9000 },
      (_, i) => `w${String.fromCharCode(97 + (i % 26), 97 + ((i / 26) % 26))}`,
    );
    expect(wordsOf(many.join(' '))).toHaveLength(40);
    expect([...cleaned('𠀀'.repeat(9000))]).toHaveLength(400);
  });
});
