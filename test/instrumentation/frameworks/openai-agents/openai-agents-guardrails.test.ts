// Guardrails that trip and handoffs that fail, in the real SDK.
import { handoff } from '@openai/agents';
import { expect, test } from 'vitest';
import {
  agent,
  fails,
  failures,
  json,
  outcome,
  recorder,
  runner,
  script,
  told,
} from './openai-agents-world.ts';

const trips = (tripwireTriggered: boolean) => async () => ({
  tripwireTriggered,
  outputInfo: { about: 'homework' },
});

const toBilling = { calls: [{ name: 'transfer_to_Billing', arguments: {} }] };

test('an input guardrail that trips', async () => {
  const guardrail = { name: 'on topic', execute: trips(true), runInParallel: false };
  await expect(runner.run(agent('Clerk', { inputGuardrails: [guardrail] }), 'hi')).rejects.toThrow(
    'Input guardrail triggered',
  );
  expect(told()).toMatchObject([
    { name: 'execute_node Clerk', site: 'node.start', class: 'constraint.hard' },
  ]);
  expect(json(failures()[0], 'failure.evidence').guardrail).toEqual({
    name: 'on topic',
    info: { about: 'homework' },
  });
});

test('an output guardrail that trips, one that throws', async () => {
  const tripping = { name: 'polite', execute: trips(true) };
  await expect(
    runner.run(agent('Clerk', { outputGuardrails: [tripping] }), 'hi'),
  ).rejects.toThrow();
  expect(told()).toMatchObject([{ site: 'node.result', class: 'constraint.hard' }]);
  recorder.clear();
  const throwing = { name: 'polite', execute: fails(new SyntaxError('bad rule')) };
  await expect(runner.run(agent('Clerk', { outputGuardrails: [throwing] }), 'hi')).rejects.toThrow(
    'bad rule',
  );
  expect(told()).toMatchObject([{ type: 'SyntaxError', message: 'bad rule' }]);
});

test.each([
  ['whose callback throws', { onHandoff: fails(new Error('desk is closed')) }],
  ['whose filter throws', { inputFilter: fails(new Error('desk is closed')) }],
])('a handoff %s is the failure of the agent that hands over', async (_, options) => {
  const target = handoff(agent('Billing'), options);
  script(toBilling);
  await expect(runner.run(agent('Desk', { handoffs: [target] }), 'hi')).rejects.toThrow('closed');
  expect(told()).toMatchObject([
    { name: 'execute_node Desk', site: 'graph.route', message: 'desk is closed' },
  ]);
  expect(recorder.attempts()).toHaveLength(1);
});

test('when the turns run out after a handoff, the agent before it did its work', async () => {
  const desk = agent('Desk', { handoffs: [agent('Billing')] });
  script(toBilling);
  await expect(runner.run(desk, 'hi', { maxTurns: 1 })).rejects.toThrow('Max turns');
  expect(told()).toMatchObject([{ name: 'execute_node Billing', class: 'loop.max_iterations' }]);
  expect(recorder.attempts('Desk').map(({ status }) => status.code)).toEqual([0]);
});

test('two handoffs at once: the second is dropped, and reported', async () => {
  const handoffs = [agent('Billing'), agent('Sales')];
  script({
    calls: handoffs.map(({ name }) => ({ name: `transfer_to_${name}`, arguments: {} })),
  });
  await runner.run(agent('Desk', { handoffs }), 'hi');
  expect(told()).toMatchObject([
    { name: 'handoff Billing', site: 'graph.route', disposition: 'degraded' },
  ]);
  expect(outcome()).toBe('success');
});
