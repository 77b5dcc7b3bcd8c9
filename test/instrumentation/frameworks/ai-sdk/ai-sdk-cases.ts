// What holds for both versions of the AI SDK: calls, tools, objects.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { callLookUp, drain, json, tryAgain, type World } from './ai-sdk-world.ts';

const PROMPT = 'What did order A-17 cost?';

export function aiSdkCases(world: World): void {
  const { ai } = world.sdk;
  const tools = (execute: (input: { id: string }) => unknown) => ({
    look_up: world.lookUp(execute),
  });

  test('a call with a tool is a run of the model and the tool, with its graph', async () => {
    world.script(callLookUp(), { text: '40 EUR' });
    const result = await ai.generateText({
      model: world.model,
      system: 'You know orders.',
      prompt: PROMPT,
      temperature: 0,
      stopWhen: world.steps(5),
      tools: tools(() => ({ total: 40 })),
      ...world.named('orders'),
    });
    expect(result.text).toBe('40 EUR');
    expect(world.told).toEqual([]);
    expect(world.outcome).toBe('success');
    const attempts = world.recorder.attempts();
    expect(attempts.map(({ name }) => name).sort()).toEqual([
      'execute_node look_up',
      'execute_node model',
      'execute_node model',
    ]);
    expect(attempts[0]!.attributes).toMatchObject({
      'gen_ai.agent.id': 'orders',
      'graph.id': 'orders',
      'graph.node.max_attempts': expect.any(Number),
    });
    const start = world.recorder.spans.find(({ name }) => name.startsWith('start_graph'));
    const graph = JSON.parse(String(start!.events[0]!.attributes!['graph.snapshot.body']));
    expect(graph).toMatchObject({
      id: 'orders',
      entry: 'model',
      nodes: [
        {
          id: 'model',
          type: 'model',
          provider: 'test.chat',
          model: 'test-model',
          instructions: 'You know orders.',
          max_retries: 2,
          settings: { temperature: 0 },
        },
        {
          id: 'look_up',
          type: 'tool',
          description: 'Looks an order up.',
          input_schema: { required: ['id'], properties: { id: { type: 'string' } } },
        },
      ],
      edges: [
        { source: 'model', target: 'look_up', condition: 'tool_call' },
        { source: 'look_up', target: 'model' },
      ],
    });
  });

  test('the same call again has the same snapshot', async () => {
    const call = () =>
      ai.generateText({ model: world.model, prompt: PROMPT, tools: tools(() => 1) });
    await call();
    await call();
    const refs = world.recorder.attempts().map((span) => span.attributes['graph.snapshot.ref']);
    expect(refs).toHaveLength(2);
    expect(new Set(refs).size).toBe(1);
  });

  test('a tool that throws is a failure, though the call goes on', async () => {
    world.script(callLookUp(), { text: 'sorry' });
    const cause = new RangeError('row 3');
    const broken = tools(() => {
      throw new TypeError('no total', { cause });
    });
    await ai.generateText({
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: broken,
    });
    expect(world.told).toEqual([
      {
        name: 'execute_node look_up',
        type: 'TypeError',
        message: 'no total',
        site: 'tool.call',
        class: undefined,
        disposition: 'routed',
      },
    ]);
    const [failure] = world.failures;
    expect(json(failure, 'failure.input')).toEqual({ id: 'A-17' });
    expect(json(failure, 'failure.evidence')).toMatchObject({
      causes: [{ type: 'RangeError', message: 'row 3' }],
    });
    expect(world.outcome).toBe('degraded');
  });

  test('tool calls that never ran: wrong arguments, and a tool that is none', async () => {
    world.script(
      callLookUp({ id: 17 }),
      { calls: [{ name: 'delete_all', arguments: {} }] },
      { text: 'sorry' },
    );
    await ai.generateText({
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: tools(() => 'never'),
    });
    const [wrong, none] = world.told;
    expect(wrong).toMatchObject({
      name: 'execute_node look_up',
      type: 'AI_InvalidToolInputError',
      site: 'tool.call',
      class: 'tool.invalid_arguments',
    });
    expect(none).toMatchObject({
      name: 'execute_tool delete_all',
      type: 'AI_NoSuchToolError',
      site: 'tool.call',
      class: 'tool.not_found',
    });
    expect(json(world.failures[0], 'failure.input')).toEqual({ id: 17 });
    expect(world.recorder.attempts('look_up')).toHaveLength(1);
  });

  test('a tool that takes too long', async () => {
    world.script(callLookUp(), { text: 'sorry' });
    const slow = tools(async () => {
      const signal = AbortSignal.timeout(20);
      await once(signal, 'abort');
      throw signal.reason;
    });
    await ai.generateText({
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: slow,
    });
    expect(world.told).toMatchObject([{ site: 'tool.call', class: 'tool.timeout' }]);
  });

  test('a tool that aborts what it does itself has failed; the caller cancelled nothing', async () => {
    world.script(callLookUp(), { text: 'sorry' });
    const aborting = tools(() => {
      throw new DOMException('gave up', 'AbortError');
    });
    await ai.generateText({
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: aborting,
    });
    expect(world.told).toMatchObject([{ name: 'execute_node look_up', message: 'gave up' }]);
    expect(world.outcome).toBe('degraded');
  });

  test('structured output that does not fit', async () => {
    world.script({ text: '{"total":"forty"}' });
    const call = ai.generateText({
      model: world.model,
      prompt: PROMPT,
      output: ai.Output.object({ schema: z.object({ total: z.number() }) }),
    });
    await expect(call).rejects.toThrow('No object generated');
    expect(world.told).toMatchObject([
      { type: 'AI_NoObjectGeneratedError', class: 'output.invalid' },
    ]);
    expect(world.outcome).toBe('failure');
  });

  test('generateObject and streamObject', async () => {
    world.script(
      { text: '{"total":1}' },
      { text: 'no' },
      { status: 403, error: 'no' },
      { text: '{}' },
    );
    const options = { model: world.model, prompt: PROMPT, schema: z.object({ total: z.number() }) };
    expect((await ai.generateObject(options)).object).toEqual({ total: 1 });
    expect(world.outcome).toBe('success');
    await expect(ai.generateObject(options)).rejects.toThrow('No object generated');
    await expect(ai.generateObject(options)).rejects.toThrow('no');
    const { partialObjectStream, object } = ai.streamObject({ ...options, onError() {} });
    object.catch(() => {});
    await drain(partialObjectStream);
    await expect
      .poll(() => world.told)
      .toMatchObject([
        { name: 'execute_graph ai-sdk', class: 'output.invalid' },
        { name: 'execute_node model', class: 'llm.auth' },
        { name: 'execute_graph ai-sdk', class: 'output.invalid' },
      ]);
  });

  test('a recording that is broken changes nothing', async () => {
    world.script(callLookUp(), { text: 'fine' });
    world.recorder.tracer.startSpan = () => {
      throw new Error('broken');
    };
    const call = {
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: tools(() => 1),
    };
    expect((await ai.generateText(call)).text).toBe('fine');
    world.script(tryAgain(500, 'down'));
    expect((await ai.generateText({ ...call, maxRetries: 1 })).text).toBe('ok');
    const streamed = ai.streamText(call);
    await drain(streamed.textStream);
    expect(await streamed.text).toBe('ok');
  });
}
