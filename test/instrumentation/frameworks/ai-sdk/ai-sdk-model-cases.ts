// What holds for both versions of the AI SDK: how models fail, and what is no failure.
import { expect, test, vi } from 'vitest';
import { callLookUp, drain, json, tryAgain, type World } from './ai-sdk-world.ts';

const PROMPT = 'What did order A-17 cost?';

export function aiSdkModelCases(world: World): void {
  const { ai } = world.sdk;
  const generate = (more: object = {}) =>
    ai.generateText({ model: world.model, prompt: PROMPT, ...more });
  // biome-ignore lint/suspicious/noExplicitAny: two versions with types of their own
  const stream = (more: object = {}): any =>
    ai.streamText({ model: world.model, prompt: PROMPT, onError() {}, ...more });
  const outcomeIs = (outcome: string) => expect.poll(() => world.outcome).toBe(outcome);

  test.each([
    ['generateText', async () => (await generate()).text],
    [
      'streamText',
      async () => {
        const { textStream, text } = stream();
        await drain(textStream);
        return await text;
      },
    ],
  ])('%s: each try is an attempt', async (_, call) => {
    world.script(tryAgain(429, 'Slow down'), tryAgain(503, 'Down'), { text: 'at last' });
    expect(await call()).toBe('at last');
    await outcomeIs('success');
    expect(world.told).toMatchObject([
      { site: 'llm.call', class: 'llm.rate_limit', disposition: 'retried' },
      { site: 'llm.call', class: 'llm.unavailable', disposition: 'retried' },
    ]);
    const attempts = world.recorder.attempts('model');
    expect(attempts.map(({ attributes }) => attributes['graph.node.attempt'])).toEqual([1, 2, 3]);
    expect(attempts[2]!.links[0]!.context.spanId).toBe(attempts[1]!.spanContext().spanId);
    expect(json(attempts[0], 'failure.input')).toMatchObject([{ role: 'user' }]);
    expect(json(attempts[0], 'failure.evidence')).toMatchObject({
      provider: 'test.chat',
      model: 'test-model',
      status_code: 429,
      response_body: expect.stringContaining('Slow down'),
    });
  });

  test('tries that run out: one root, the app gets its own error', async () => {
    world.script(tryAgain(500, 'Down'), tryAgain(500, 'Down'));
    const error = await generate({ maxRetries: 1 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AI_RetryError', errors: [{}, {}] });
    expect(world.told.map(({ disposition }) => disposition)).toEqual(['retried', 'terminal']);
    expect(world.outcome).toBe('failure');
    expect(world.recorder.run().attributes['failure.root.span_id']).toEqual(expect.any(String));
  });

  test.each([
    [{ status: 401, error: 'Incorrect API key' }, 'llm.auth'],
    [{ status: 402, error: 'Pay first' }, 'llm.payment_required'],
    [
      { status: 400, error: "This model's maximum context length is 8192 tokens" },
      'llm.context_overflow',
    ],
    [{ status: 400, error: 'no', code: 'context_length_exceeded' }, 'llm.context_overflow'],
    [{ status: 400, error: 'no', code: 'content_filter' }, 'llm.content_filter'],
    [{ status: 400, error: 'Unknown parameter' }, undefined],
  ])('a call that is refused: %j', async (reply, failureClass) => {
    world.script(reply);
    await expect(generate()).rejects.toThrow(reply.error);
    expect(world.told).toMatchObject([
      { type: 'AI_APICallError', site: 'llm.call', class: failureClass, disposition: 'terminal' },
    ]);
    expect(world.outcome).toBe('failure');
  });

  test('nobody listens', async () => {
    const away = world.modelAt('http://127.0.0.1:1/v1');
    await expect(generate({ model: away, maxRetries: 0 })).rejects.toThrow();
    expect(world.told).toMatchObject([{ class: 'llm.transport', disposition: 'terminal' }]);
  });

  test.each([
    ['the option', { timeout: 30 }],
    ['a signal', { abortSignal: AbortSignal.timeout(30) }],
    ['the option for a step', { timeout: { stepMs: 30 } }],
    ['the option beside a signal', { timeout: 30, abortSignal: new AbortController().signal }],
  ])('a timeout by %s is a failure', async (_, option) => {
    world.script({ hangs: true });
    await expect(generate(option)).rejects.toThrow();
    expect(world.told).toMatchObject([{ name: 'execute_node model', class: 'llm.timeout' }]);
    expect(world.outcome).toBe('failure');
  });

  test('a stream that ran into its timeout', async () => {
    world.script({ hangs: true });
    await drain(stream({ timeout: 30 }).textStream);
    await outcomeIs('failure');
    expect(world.told).toMatchObject([{ class: 'llm.timeout' }]);
  });

  test('what the caller cancels is no failure', async () => {
    world.script({ hangs: true });
    const controller = new AbortController();
    const call = generate({ abortSignal: controller.signal });
    await expect.poll(() => world.server.requests).toHaveLength(1);
    controller.abort();
    await expect(call).rejects.toThrow();
    expect(world.told).toEqual([]);
    expect(world.outcome).toBe('cancelled');
  });

  test('a stream that the caller cancels is no failure', async () => {
    world.script({ hangs: true });
    const controller = new AbortController();
    const reading = drain(stream({ abortSignal: controller.signal }).textStream);
    await expect.poll(() => world.server.requests).toHaveLength(1);
    controller.abort(new Error('the user left'));
    await reading;
    await outcomeIs('cancelled');
    expect(world.told).toEqual([]);
  });

  test('a stream that nobody reads on ends, and is no failure', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      world.script({ text: 'much to read '.repeat(500) });
      for await (const _ of stream().textStream) break;
      await expect
        .poll(async () => {
          await vi.advanceTimersByTimeAsync(60_000);
          return world.recorder.spans.map(({ name }) => name);
        })
        .toContain('execute_graph ai-sdk');
    } finally {
      vi.useRealTimers();
    }
    // Some versions read on by themselves.
    expect(['success', 'cancelled']).toContain(world.outcome);
    expect(world.told).toEqual([]);
  });

  test('a stream that breaks off', async () => {
    world.script({ breaksOff: true });
    await drain(stream().textStream);
    await outcomeIs('failure');
    expect(world.told).toMatchObject([{ name: 'execute_node model', site: 'llm.stream' }]);
  });

  test('a stream that is refused', async () => {
    world.script({ status: 429, error: 'Quota', code: 'insufficient_quota' });
    await drain(stream({ maxRetries: 0 }).textStream);
    await outcomeIs('failure');
    expect(world.told).toMatchObject([
      { name: 'execute_node model', site: 'llm.call', class: 'llm.payment_required' },
    ]);
  });

  test.each([
    ['nothing', { text: ' \n' }, 'llm.empty_response'],
    ['what was filtered', { text: 'I can', finish: 'content_filter' }, 'llm.content_filter'],
    ['half an answer', { text: 'I can', finish: 'length' }, 'llm.malformed_output'],
  ])('a model that gives %s', async (_, reply, failureClass) => {
    world.script(reply, reply);
    await generate();
    await drain(stream().textStream);
    const told = { name: 'execute_node model', class: failureClass, disposition: 'degraded' };
    await expect.poll(() => world.told).toMatchObject([told, told]);
    await expect
      .poll(() =>
        world.recorder.spans.filter((s) => s.attributes['graph.run.outcome'] === 'degraded'),
      )
      .toHaveLength(2);
  });

  test('what telemetry must not record is not', async () => {
    const look_up = world.lookUp(() => {
      throw new TypeError('no total');
    });
    world.script(callLookUp(), { status: 401, error: 'You asked for order A-17' });
    const hidden = world.named('hidden', { recordInputs: false, recordOutputs: false });
    const call = generate({
      system: 'Secret.',
      tools: { look_up },
      stopWhen: world.steps(5),
      ...hidden,
    });
    await expect(call).rejects.toThrow();
    expect(world.failures.map(({ name }) => name)).toEqual([
      'execute_node look_up',
      'execute_node model',
    ]);
    for (const { attributes } of world.failures) {
      expect(attributes).not.toHaveProperty('failure.input');
      expect(attributes['failure.evidence']).not.toContain('A-17');
    }
    const events = world.recorder.spans.flatMap((span) => span.events);
    const [graph] = events.filter(({ name }) => name === 'graph.snapshot');
    expect(graph!.attributes!['graph.snapshot.body']).not.toContain('Secret');
  });

  test('what fails before the model is asked is reported by the run', async () => {
    await expect(generate({ prompt: undefined, messages: [] })).rejects.toThrow();
    await expect(
      generate({
        prepareStep() {
          throw new TypeError('no step');
        },
      }),
    ).rejects.toThrow('no step');
    expect(world.told.at(-1)).toMatchObject({ name: 'execute_graph ai-sdk', message: 'no step' });
    expect(world.server.requests).toEqual([]);
  });
}
