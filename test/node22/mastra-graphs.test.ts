// Branches, loops and nested workflows of Mastra, with the real package.
import { describe, expect, test } from 'vitest';
import {
  type Execute,
  failing,
  failures,
  nodes,
  outcome,
  recorder,
  say,
  start,
  step,
  told,
  workflow,
} from './mastra-world.ts';

describe('branches', () => {
  test('in parallel: each is a node, one fails', async () => {
    const bad = step(
      'bad',
      failing(9, () => new Error('no rates')),
    );
    const { result } = await start(
      workflow('orders')
        .parallel([step('good', say('a')), bad])
        .commit(),
    );
    expect(result.status).toBe('failed');
    expect(nodes().sort()).toEqual(['bad', 'good']);
    expect(told('bad')).toMatchObject([{ failed: true, disposition: 'terminal' }]);
    expect(outcome()).toBe('failure');
  });

  test('a condition that throws is reported, although Mastra takes it for a no', async () => {
    const broken = async () => {
      throw new TypeError('no state');
    };
    const { result } = await start(
      workflow('orders')
        .branch([
          [broken, step('left', say('l'))],
          [async () => true, step('right', say('r'))],
        ])
        .commit(),
    );
    expect(result.status).toBe('success');
    expect(nodes()).toEqual(['right']);
    const condition = recorder.spans.find(({ name }) => name === 'evaluate_condition condition 0');
    expect(condition!.attributes).toMatchObject({
      'exception.message': 'no state',
      'failure.site': 'graph.route',
      'failure.class': 'graph.condition_error',
      'failure.input': '{"order":7}',
    });
  });

  test('the condition of a loop that throws fails the run', async () => {
    const broken = async () => {
      throw new TypeError('no state');
    };
    const looping = workflow('orders')
      .dountil(step('more', say('a')), broken)
      .commit();
    await expect(start(looping)).rejects.toThrow('no state');
    expect(nodes()).toEqual(['more']);
    expect(recorder.run().attributes).toMatchObject({
      'graph.run.outcome': 'failure',
      'exception.message': 'no state',
      'failure.site': 'run',
    });
  });

  test('loops and foreach: a visit each', async () => {
    let count = 0;
    const more = step('more', async () => {
      count += 1;
      return count;
    });
    const odd = step('odd', async ({ inputData }) => {
      if (inputData === 3) throw new RangeError('three');
      return inputData;
    });
    await start(
      workflow('orders')
        .dountil(more, async () => count >= 3)
        .map(async () => [1, 2, 3])
        .foreach(odd, { concurrency: 2 })
        .commit(),
    );
    const visits = (id: string) =>
      recorder.attempts(id).map(({ attributes }) => attributes['graph.node.visit']);
    expect(visits('more')).toEqual([1, 2, 3]);
    expect(visits('odd')).toEqual([1, 2, 3]);
    const failed = recorder.attempts('odd').filter(({ status }) => status.code === 2);
    expect(failed.map(({ attributes }) => attributes['failure.evidence'])).toEqual([
      '{"foreach_index":2}',
    ]);
  });
});

describe('a nested workflow', () => {
  const inner = (execute: Execute) =>
    workflow('inner').then(step('parse', execute)).commit() as unknown as ReturnType<typeof step>;

  test('is nodes inside the node that it is', async () => {
    await start(
      workflow('outer')
        .then(inner(say('a')))
        .commit(),
    );
    expect(nodes().sort()).toEqual(['inner', 'inner:parse']);
    const [node] = recorder.attempts('inner:parse');
    expect(node!.parentSpanContext?.spanId).toBe(
      recorder.attempts('inner')[0]!.spanContext().spanId,
    );
    expect(outcome()).toBe('success');
  });

  test('that fails is reported once, by its step', async () => {
    const { result } = await start(
      workflow('outer')
        .then(inner(failing(9, () => new TypeError('no total'))))
        .commit(),
    );
    expect(result.status).toBe('failed');
    expect(failures().map(({ name }) => name)).toEqual(['execute_node inner:parse']);
    expect(failures()[0]!.attributes['failure.disposition']).toBe('terminal');
    expect(recorder.attempts('inner')[0]!.attributes['failure.root.span_id']).toBe(
      failures()[0]!.spanContext().spanId,
    );
  });
});

test('the snapshot is the graph of steps; a changed step is another version', async () => {
  const build = (execute: Execute) =>
    workflow('orders')
      .then(step('fetch', execute, { retries: 2 }))
      .branch([
        [async ({ inputData }) => inputData === 'a', step('left', say('l'))],
        [async () => true, step('right', say('r'))],
      ])
      .dountil(step('poll', say('p')), async () => true)
      .commit();
  await start(build(say('a')));
  const snapshot = recorder.spans.flatMap(({ events }) => events)[0]!.attributes!;
  const body = JSON.parse(String(snapshot['graph.snapshot.body']));
  expect(body).toMatchObject({
    id: 'orders',
    entry: 'fetch',
    terminals: ['poll'],
    nodes: [
      { id: 'fetch', type: 'step', retries: 2, code: expect.stringMatching(/^sha256:/) },
      { id: 'left' },
      { id: 'right' },
      { id: 'poll' },
    ],
    edges: [
      { source: 'fetch', target: 'left', condition: expect.stringContaining('inputData ===') },
      { source: 'fetch', target: 'right' },
      { source: 'left', target: 'poll' },
      { source: 'right', target: 'poll' },
      { source: 'poll', target: 'poll', condition: expect.stringContaining('dountil') },
    ],
  });
  recorder.clear();
  await start(build(async () => 'b'));
  expect(recorder.run().attributes['graph.snapshot.ref']).not.toBe(snapshot['graph.snapshot.ref']);
});
