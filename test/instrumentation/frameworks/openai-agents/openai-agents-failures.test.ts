// What goes wrong in runs of the real SDK, and what is told of it.
import { retryPolicies, setTraceProcessors, setTracingDisabled } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  agent,
  callLookUp,
  fails,
  failures,
  json,
  lookUp,
  newRunner,
  outcome,
  recorder,
  runner,
  script,
  told,
} from './openai-agents-world.ts';

test.each([false, true])('an empty answer is a failure, streamed: %j', async (isStreamed) => {
  script({ text: ' \n' });
  const clerk = agent('Clerk');
  if (isStreamed) await (await runner.run(clerk, 'hi', { stream: true })).completed;
  else await runner.run(clerk, 'hi');
  expect(told()).toEqual([
    {
      name: 'chat test-model',
      type: 'EmptyResponseError',
      message: 'The model answered nothing',
      site: 'llm.call',
      class: 'llm.empty_response',
      disposition: 'degraded',
    },
  ]);
  expect(outcome()).toBe('success');
});

describe('tools', () => {
  test('what a tool throws is an operation, although the model only receives a text', async () => {
    const cause = new Error('socket closed');
    const tool = lookUp(fails(new TypeError('no total', { cause })));
    script(callLookUp, { text: 'sorry' });
    const result = await runner.run(agent('Clerk', { tools: [tool] }), 'hi');
    expect(result.finalOutput).toBe('sorry');
    expect(told()).toEqual([
      {
        name: 'execute_tool look_up',
        type: 'TypeError',
        message: 'no total',
        site: 'tool.call',
        class: undefined,
        disposition: 'routed',
      },
    ]);
    const [failure] = failures();
    expect(failure!.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look_up',
      'graph.node.id': 'Clerk',
      'failure.input': '{"id":"A-17"}',
      'exception.stacktrace': expect.stringContaining('openai-agents-failures.test.ts'),
    });
    expect(json(failure, 'failure.evidence').causes).toEqual([
      { type: 'Error', message: 'socket closed' },
    ]);
    const [node] = recorder.attempts('Clerk');
    expect(failure!.parentSpanContext?.spanId).toBe(node!.spanContext().spanId);
    expect(outcome()).toBe('success');
  });

  test('so it is with the tracing of the SDK turned off', async () => {
    setTracingDisabled(true);
    try {
      script(callLookUp);
      await runner.run(agent('Clerk', { tools: [lookUp(fails(new TypeError('x1')))] }), 'hi');
      expect(told()).toMatchObject([{ name: 'execute_tool look_up', message: 'x1' }]);
    } finally {
      setTracingDisabled(false);
    }
  });

  test('a tool that ends the run is reported once, by its node', async () => {
    const error = new RangeError('no such order');
    const tool = lookUp(fails(error), { errorFunction: null });
    script(callLookUp);
    await expect(runner.run(agent('Clerk', { tools: [tool] }), 'hi')).rejects.toThrow(
      'no such order',
    );
    expect(told()).toEqual([
      {
        name: 'execute_node Clerk',
        type: 'RangeError',
        message: 'no such order',
        site: 'tool.call',
        class: undefined,
        disposition: 'terminal',
      },
    ]);
    expect(json(failures()[0], 'failure.evidence')).toMatchObject({
      operation: 'execute_tool',
      target: 'look_up',
      tool_errors: [{ tool: 'look_up', type: 'RangeError', message: 'no such order' }],
    });
    expect(outcome()).toBe('failure');
  });

  test('a tool that takes too long', async () => {
    const tool = lookUp(() => new Promise(() => {}), { timeoutMs: 20 });
    script(callLookUp);
    await runner.run(agent('Clerk', { tools: [tool] }), 'hi');
    expect(told()).toMatchObject([
      { name: 'execute_tool look_up', type: 'ToolTimeoutError', class: 'tool.timeout' },
    ]);
  });

  test('arguments that are no JSON, and a tool that does not exist', async () => {
    const clerk = agent('Clerk', { tools: [lookUp(() => 'found')] });
    script({ calls: [{ name: 'look_up', arguments: '{"id":' }] });
    await runner.run(clerk, 'hi');
    expect(told()).toMatchObject([
      { name: 'execute_tool look_up', disposition: 'routed', type: 'InvalidToolInputError' },
    ]);
    recorder.clear();
    script({ calls: [{ name: 'look_down', arguments: {} }] });
    await expect(runner.run(clerk, 'hi')).rejects.toThrow('look_down');
    expect(told()).toMatchObject([
      { name: 'execute_node Clerk', type: 'ModelBehaviorError', site: 'llm.call' },
    ]);
  });

  test('an agent as a tool that fails: its node reports it, the outer goes on', async () => {
    const inner = agent('Translator');
    const outer = agent('Clerk', {
      tools: [inner.asTool({ toolName: 'translate', toolDescription: 'Translates.' })],
    });
    script(
      { calls: [{ name: 'translate', arguments: { input: 'hi' } }] },
      { status: 500, error: 'The server had an error' },
      { text: 'sorry' },
    );
    await runner.run(outer, 'hi');
    expect(told()).toMatchObject([
      { name: 'execute_node Clerk:Translator', site: 'llm.call', disposition: 'routed' },
    ]);
    expect(outcome()).toBe('degraded');
  });
});

describe('models', () => {
  const broken = { status: 429, error: 'Rate limit reached for requests' };

  test('a call that fails for good is reported once, by its node, with the real error', async () => {
    script(broken);
    await expect(runner.run(agent('Clerk'), 'hi')).rejects.toThrow('429');
    expect(told()).toEqual([
      {
        name: 'execute_node Clerk',
        type: 'RateLimitError',
        message: '429 Rate limit reached for requests',
        site: 'llm.call',
        class: undefined,
        disposition: 'terminal',
      },
    ]);
    expect(failures()[0]!.attributes['failure.input']).toContain('"content":"hi"');
    expect(outcome()).toBe('failure');
  });

  test('an answer that is not of the type that the agent promises', async () => {
    script({ text: '{"total":"much"}' });
    const clerk = agent('Clerk', { outputType: z.object({ total: z.number() }) });
    await expect(runner.run(clerk, 'hi')).rejects.toThrow('Invalid output type');
    expect(told()).toMatchObject([
      { name: 'execute_node Clerk', type: 'ModelBehaviorError', class: 'output.invalid' },
    ]);
  });

  test.each([
    ['refused', { status: 503, error: 'Overloaded' }, /503 Overloaded/],
    ['broken off', { breaksOff: true } as const, /terminated/],
  ])('a stream that is %s', async (_, reply, message) => {
    script(reply);
    const stream = await runner.run(agent('Clerk'), 'hi', { stream: true });
    await expect(stream.completed).rejects.toThrow(message);
    expect(told()).toMatchObject([
      { name: 'execute_node Clerk', site: 'llm.stream', message: expect.stringMatching(message) },
    ]);
  });

  test('a call that the SDK tries again is an operation, retried', async () => {
    const retry = {
      maxRetries: 2,
      backoff: { initialDelayMs: 5 },
      policy: retryPolicies.httpStatus([429]),
    };
    script(broken, { text: 'hello' });
    const result = await runner.run(agent('Clerk', { modelSettings: { retry } }), 'hi');
    expect(result.finalOutput).toBe('hello');
    expect(told()).toMatchObject([
      { name: 'chat', type: '429', site: 'llm.call', disposition: 'retried' },
    ]);
    expect(outcome()).toBe('success');
  });

  test('too many turns, with what the tools said', async () => {
    const tool = lookUp(fails(new Error('try later')));
    script(callLookUp, callLookUp, callLookUp);
    const running = runner.run(agent('Clerk', { tools: [tool] }), 'hi', { maxTurns: 2 });
    await expect(running).rejects.toThrow('Max turns (2) exceeded');
    expect(told().at(-1)).toMatchObject({
      name: 'execute_node Clerk',
      type: 'MaxTurnsExceededError',
      class: 'loop.max_iterations',
    });
    expect(json(failures().at(-1), 'failure.evidence').tool_errors).toHaveLength(2);
    expect(outcome()).toBe('truncated');
  });
});

test('an app that replaces all trace processors is recorded, and its own get their spans', async () => {
  const seen: string[] = [];
  const nothing = async () => {};
  setTraceProcessors([
    {
      onTraceStart: nothing,
      onTraceEnd: nothing,
      onSpanStart: nothing,
      onSpanEnd: async (span) => {
        seen.push(span.spanData.type);
      },
      shutdown: nothing,
      forceFlush: nothing,
    },
  ]);
  script({ calls: [{ name: 'look_up', arguments: 'nonsense' }] });
  await newRunner().run(agent('Clerk', { tools: [lookUp(() => 'found')] }), 'hi');
  expect(told()).toMatchObject([{ name: 'execute_tool look_up' }]);
  expect(seen).toEqual(expect.arrayContaining(['agent', 'response', 'function']));
});

test('values that throw when they are read break nothing', async () => {
  const hostile = new Proxy(new Error('hidden'), {
    get() {
      throw new Error('do not touch');
    },
  });
  script(callLookUp, { text: 'fine' });
  const clerk = agent('Clerk', { tools: [lookUp(fails(hostile))] });
  const result = await runner.run(clerk, 'hi');
  expect(result.finalOutput).toBe('fine');
  expect(told()).toHaveLength(1);
});
