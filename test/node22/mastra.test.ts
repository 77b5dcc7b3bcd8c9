// Mastra's workflows, with the real package: what is recorded of steps that succeed, fail and wait.
import { Mastra } from '@mastra/core';
import { TripWire } from '@mastra/core/agent';
import { MastraNonRetryableError } from '@mastra/core/error';
import { InMemoryStore } from '@mastra/core/storage';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { outputMissing, useFailureConditions } from '../../dist/instrumentation/index.js';
import {
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

test('a good run: every step once, with run, session and agent', async () => {
  const orders = workflow('orders')
    .then(step('fetch', say('a')))
    .then(step('total', say('b')));
  const { run, result } = await start(orders.commit(), { order: 7 }, { resourceId: 'user-3' });
  expect(result).toMatchObject({ status: 'success', result: 'b' });
  expect(recorder.run().attributes).toMatchObject({
    'gen_ai.agent.id': 'orders',
    'gen_ai.conversation.id': 'user-3',
    'graph.id': 'orders',
    'graph.run.id': run.runId,
    'graph.run.outcome': 'success',
  });
  expect(nodes()).toEqual(['fetch', 'total']);
  expect(recorder.attempts('fetch')[0]!.attributes).toMatchObject({
    'graph.node.type': 'step',
    'graph.node.attempt': 1,
    'graph.node.max_attempts': 1,
    'graph.node.visit': 1,
  });
});

test('retries are attempts of one visit', async () => {
  const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  const flaky = step('flaky', failing(1, reset), { retries: 2 });
  const { result } = await start(workflow('orders').then(flaky).commit());
  expect(result.status).toBe('success');
  expect(told('flaky')).toEqual([
    {
      name: 'execute_node flaky',
      attempt: 1,
      failed: true,
      type: 'ECONNRESET',
      disposition: 'retried',
    },
    {
      name: 'execute_node flaky',
      attempt: 2,
      failed: false,
      type: undefined,
      disposition: undefined,
    },
  ]);
  const [first, second] = recorder.attempts('flaky');
  expect(first!.attributes).toMatchObject({
    'graph.node.max_attempts': 3,
    'failure.input': '{"order":7}',
  });
  expect(second!.links[0]!.context.spanId).toBe(first!.spanContext().spanId);
  expect(outcome()).toBe('success');
});

test('a step that fails for good: the real error with its causes, reported once', async () => {
  const cause = new Error('socket closed');
  const bad = step(
    'bad',
    failing(9, () => new TypeError('no total', { cause })),
    { retries: 1 },
  );
  const { result } = await start(
    workflow('orders')
      .then(step('fetch', say('a')))
      .then(bad)
      .commit(),
  );
  expect(result.status).toBe('failed');
  expect(told('bad').map(({ disposition }) => disposition)).toEqual(['retried', 'terminal']);
  const last = recorder.attempts('bad')[1]!;
  expect(last.attributes).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': 'no total',
    'exception.stacktrace': expect.stringContaining('mastra.test.ts'),
    'failure.input': '"a"',
    'failure.site': 'node.raise',
  });
  expect(JSON.parse(String(last.attributes['failure.evidence'])).causes).toEqual([
    { type: 'Error', message: 'socket closed' },
  ]);
  expect(recorder.run().attributes).toMatchObject({
    'graph.run.outcome': 'failure',
    'failure.root.span_id': last.spanContext().spanId,
  });
});

test('input that breaks its schema, and an error that must not be tried again', async () => {
  const strict = step('strict', say('x'), { inputSchema: z.object({ order: z.string() }) });
  await start(workflow('orders').then(strict).commit());
  expect(recorder.attempts('strict')[0]!.attributes).toMatchObject({
    'failure.site': 'node.start',
    'failure.class': 'input.invalid',
  });
  recorder.clear();
  const refused = failing(9, () => new MastraNonRetryableError('no such order'));
  await start(
    workflow('orders')
      .then(step('once', refused, { retries: 5 }))
      .commit(),
  );
  expect(told('once')).toMatchObject([{ attempt: 1, disposition: 'terminal' }]);
});

test('a processor that trips', async () => {
  const trips = failing(9, () => new TripWire('not about orders', {}, 'on-topic'));
  const { result } = await start(workflow('orders').then(step('answer', trips)).commit());
  expect(result.status).toBe('tripwire');
  expect(recorder.attempts('answer')[0]!.attributes).toMatchObject({
    'failure.class': 'constraint.hard',
    'failure.evidence': '{"guardrail":{"name":"on-topic"}}',
  });
  expect(outcome()).toBe('failure');
});

describe('what is no failure', () => {
  const asks = step('ask', async ({ resumeData, suspend }) => {
    if (!resumeData) return await suspend({ question: 'sure?' });
    return 'asked';
  });

  test('a step that suspends: the run is paused, and goes on under its id', async () => {
    const orders = workflow('orders').then(asks).commit();
    new Mastra({ workflows: { orders }, storage: new InMemoryStore(), logger: false });
    const asked = useFailureConditions([outputMissing()]);
    const { run, result } = await start(orders);
    asked();
    expect(result.status).toBe('suspended');
    expect(outcome()).toBe('paused');
    expect(told('ask')).toMatchObject([{ failed: false }]);
    expect(failures()).toEqual([]);
    recorder.clear();
    const resumed = await run.resume({ step: 'ask', resumeData: { yes: true } });
    expect(resumed.status).toBe('success');
    expect(recorder.run().attributes).toMatchObject({
      'graph.run.id': run.runId,
      'graph.run.outcome': 'success',
    });
  });

  test('a step that bails ends the run well', async () => {
    const bails = step('bails', async ({ bail }) => bail('enough'));
    const { result } = await start(
      workflow('orders')
        .then(bails)
        .then(step('b', say('b')))
        .commit(),
    );
    expect(result).toMatchObject({ status: 'success', result: 'enough' });
    expect(nodes()).toEqual(['bails']);
    expect(outcome()).toBe('success');
  });

  test('a run that is cancelled', async () => {
    const waits = step('waits', async ({ abortSignal }) => {
      await new Promise((_, reject) => {
        abortSignal.addEventListener('abort', () => reject(abortSignal.reason));
      });
    });
    const run = await workflow('orders')
      .then(waits)
      .then(step('b', say('b')))
      .commit()
      .createRun();
    const running = run.start({ inputData: {} });
    await expect.poll(() => recorder.spans.map(({ name }) => name)).toContain('start_graph orders');
    await new Promise((resolve) => setImmediate(resolve));
    await run.cancel();
    await running;
    expect(outcome()).toBe('cancelled');
    expect(failures()).toEqual([]);
  });
});
