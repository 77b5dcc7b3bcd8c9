// Runs, agents as nodes, handoffs, pauses and cancels of the real SDK.
import { handoff, setOpenAIAPI } from '@openai/agents';
import { expect, test } from 'vitest';
import { agentsSnapshot } from '../../../../instrumentation/index.ts';
import {
  agent,
  callLookUp,
  failures,
  lookUp,
  model,
  newRunner,
  outcome,
  recorder,
  runner,
  script,
  told,
} from './openai-agents-world.ts';

const handOver = (name: string) => ({ calls: [{ name: `transfer_to_${name}`, arguments: {} }] });
const nodes = () => recorder.attempts().map(({ name }) => name.replace('execute_node ', ''));

test('a good run: one node, with agent, session and run', async () => {
  const started = newRunner({ groupId: 'chat-7' });
  script({ text: 'hello' });
  const result = await started.run(agent('Clerk'), 'hi');
  expect(result.finalOutput).toBe('hello');
  expect(recorder.run().attributes).toMatchObject({
    'gen_ai.agent.id': 'Clerk',
    'gen_ai.agent.name': 'Clerk',
    'gen_ai.conversation.id': 'chat-7',
    'graph.id': 'Clerk',
    'graph.run.outcome': 'success',
  });
  const [node] = recorder.attempts('Clerk');
  expect(node!.attributes).toMatchObject({
    'graph.node.type': 'agent',
    'graph.node.attempt': 1,
    'graph.node.visit': 1,
  });
  expect(node!.parentSpanContext?.spanId).toBe(recorder.run().spanContext().spanId);
});

test('handoffs go from node to node, and back on another visit', async () => {
  const desk = agent('Desk');
  const billing = agent('Billing', { handoffs: [desk] });
  desk.handoffs = [billing];
  script(handOver('Billing'), handOver('Desk'), { text: 'done' });
  const result = await newRunner({ workflowName: 'support' }).run(desk, 'hi');
  expect(result.finalOutput).toBe('done');
  expect(nodes()).toEqual(['Desk', 'Billing', 'Desk']);
  expect(recorder.attempts('Desk').map((span) => span.attributes['graph.node.visit'])).toEqual([
    1, 2,
  ]);
  expect(recorder.run().attributes).toMatchObject({
    'gen_ai.agent.id': 'support',
    'graph.id': 'support',
    'graph.run.outcome': 'success',
  });
});

test('the snapshot has agents, instructions, models, tools, guardrails and handoffs', async () => {
  const billing = agent('Billing', { instructions: 'Ask jane@example.com.' });
  const guard = async () => ({ tripwireTriggered: false, outputInfo: {} });
  const desk = agent('Desk', {
    instructions: () => 'Today you are kind.',
    handoffs: [handoff(billing, { toolNameOverride: 'pay' })],
    tools: [lookUp(() => 'found')],
    inputGuardrails: [{ name: 'on topic', execute: guard }],
  });
  await runner.run(desk, 'hi');
  const start = recorder.spans.find(({ name }) => name.startsWith('start_graph'))!;
  const event = start.events.find(({ name }) => name === 'graph.snapshot')!;
  const body = JSON.parse(String(event.attributes?.['graph.snapshot.body']));
  expect(body).toMatchObject({
    id: 'Desk',
    entry: 'Desk',
    edges: [{ source: 'Desk', target: 'Billing', condition: 'pay' }],
    nodes: [
      {
        id: 'Desk',
        type: 'agent',
        model: 'test-model',
        instructions: expect.stringMatching(/^sha256:/),
        tools: [{ name: 'look_up', description: 'Looks an order up.' }],
        input_guardrails: ['on topic'],
      },
      { id: 'Billing', instructions: 'Ask [redacted:email].' },
    ],
  });
  expect(body.nodes[0].tools[0].parameters.properties.id).toMatchObject({ type: 'string' });
});

test('a changed agent is another version, an unchanged one is not', () => {
  const desk = agent('Desk');
  const first = agentsSnapshot(desk, 'g', undefined);
  expect(agentsSnapshot(desk, 'g', undefined)).toBe(first);
  desk.instructions = 'You are someone else.';
  expect(agentsSnapshot(desk, 'g', undefined).ref).not.toBe(first.ref);
});

test('streamed: the run ends when the stream does', async () => {
  script({ text: 'hello' });
  const stream = await runner.run(agent('Clerk'), 'hi', { stream: true });
  expect(recorder.spans.filter(({ name }) => name.startsWith('execute_graph'))).toEqual([]);
  for await (const _ of stream) {
    // Read to its end.
  }
  await stream.completed;
  expect(outcome()).toBe('success');
  expect(nodes()).toEqual(['Clerk']);
});

test('chat completions are recorded as well', async () => {
  setOpenAIAPI('chat_completions');
  try {
    const broken = lookUp(() => {
      throw new TypeError('no total');
    });
    script(callLookUp, { text: 'sorry' });
    const result = await runner.run(agent('Clerk', { tools: [broken] }), 'hi', { stream: true });
    await result.completed;
    expect(result.finalOutput).toBe('sorry');
    expect(told()).toMatchObject([{ name: 'execute_tool look_up', message: 'no total' }]);
  } finally {
    setOpenAIAPI('responses');
  }
});

test('waiting for an approval is a pause; a refusal by the user is no failure', async () => {
  const refund = lookUp(() => 'refunded', { needsApproval: true });
  const clerk = agent('Clerk', { tools: [refund] });
  script(callLookUp);
  const waiting = await runner.run(clerk, 'refund it');
  expect(waiting.interruptions).toHaveLength(1);
  expect(outcome()).toBe('paused');
  recorder.clear();
  waiting.state.reject(waiting.interruptions[0]!);
  const done = await runner.run(clerk, waiting.state);
  expect(done.finalOutput).toBe('ok');
  expect(outcome()).toBe('success');
  expect(nodes()).toEqual(['Clerk']);
  expect(failures()).toEqual([]);
});

test('what the caller aborts is cancelled', async () => {
  const controller = new AbortController();
  script({ hangs: true });
  const running = runner.run(agent('Clerk'), 'hi', { signal: controller.signal });
  await expect.poll(() => model.requests.length).toBe(1);
  controller.abort();
  await expect(running).rejects.toThrow();
  expect(outcome()).toBe('cancelled');
  expect(failures()).toEqual([]);
});

test('a stream that its reader leaves is cancelled', async () => {
  const clerk = agent('Clerk', { tools: [lookUp(() => 'found')] });
  script(callLookUp, { hangs: true });
  const stream = await runner.run(clerk, 'hi', { stream: true });
  for await (const event of stream) {
    if (event.type === 'run_item_stream_event') break;
  }
  await stream.completed;
  await expect
    .poll(() => recorder.spans.some(({ name }) => name.startsWith('execute_graph')))
    .toBe(true);
  expect(outcome()).toBe('cancelled');
  expect(failures()).toEqual([]);
});

test('an agent as a tool is a node inside the node that called it', async () => {
  const inner = agent('Translator');
  const outer = agent('Clerk', {
    tools: [inner.asTool({ toolName: 'translate', toolDescription: 'Translates.' })],
  });
  script({ calls: [{ name: 'translate', arguments: { input: 'hi' } }] }, { text: 'salut' });
  await runner.run(outer, 'hi');
  expect(nodes().sort()).toEqual(['Clerk', 'Clerk:Translator']);
  const [node] = recorder.attempts('Clerk:Translator');
  expect(node!.parentSpanContext?.spanId).toBe(recorder.attempts('Clerk')[0]!.spanContext().spanId);
  expect(outcome()).toBe('success');
});

test('runs of one runner at the same time do not mix', async () => {
  const broken = lookUp(({ id }) => {
    throw new Error(`no order for ${id}`);
  });
  script(callLookUp, callLookUp, callLookUp);
  const clerks = ['One', 'Two', 'Three'].map((name) => agent(name, { tools: [broken] }));
  await Promise.all(clerks.map((clerk) => runner.run(clerk, 'hi')));
  const tools = recorder.spans.filter(({ name }) => name === 'execute_tool look_up');
  expect(tools.map((span) => span.attributes['graph.node.id']).sort()).toEqual([
    'One',
    'Three',
    'Two',
  ]);
  for (const tool of tools) {
    const node = recorder
      .attempts(String(tool.attributes['graph.node.id']))
      .find((span) => span.spanContext().spanId === tool.parentSpanContext?.spanId);
    expect(node).toBeDefined();
  }
});
