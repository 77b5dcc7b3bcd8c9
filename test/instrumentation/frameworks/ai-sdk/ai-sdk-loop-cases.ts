// What holds for both versions of the AI SDK: agents, loops, and calls in and beside each other.
import { expect, test } from 'vitest';
import { callLookUp, drain, type World } from './ai-sdk-world.ts';

const PROMPT = 'What did order A-17 cost?';

export function aiSdkLoopCases(world: World): void {
  const { ai } = world.sdk;
  const tools = (execute: (input: { id: string }) => unknown) => ({
    look_up: world.lookUp(execute),
  });

  test('agents: generate and stream', async () => {
    world.script(callLookUp(), { text: 'sorry' }, callLookUp(), { text: 'sorry' });
    const agent = new ai.ToolLoopAgent({
      model: world.model,
      instructions: 'You know orders.',
      tools: tools(() => {
        throw new TypeError('no total');
      }),
      ...world.named('clerk'),
    });
    expect(agent).toBeInstanceOf(ai.ToolLoopAgent);
    const { text } = await agent.generate({ prompt: PROMPT });
    expect(text).toBe('sorry');
    await drain((await agent.stream({ prompt: PROMPT })).textStream);
    expect(world.told).toMatchObject([
      { name: 'execute_node look_up', site: 'tool.call' },
      { name: 'execute_node look_up', site: 'tool.call' },
    ]);
    const runs = world.recorder.spans.filter(({ name }) => name === 'execute_graph clerk');
    expect(runs.map(({ attributes }) => attributes['graph.run.outcome'])).toEqual([
      'degraded',
      'degraded',
    ]);
  });

  test('an agent whose model fails', async () => {
    world.script({ status: 401, error: 'Incorrect API key' });
    const agent = new ai.ToolLoopAgent({ model: world.model });
    await expect(agent.generate({ prompt: PROMPT })).rejects.toThrow('Incorrect API key');
    expect(world.told).toMatchObject([{ name: 'execute_node model', class: 'llm.auth' }]);
    expect(world.outcome).toBe('failure');
  });

  test('a loop that runs out of steps is truncated', async () => {
    world.script(callLookUp(), callLookUp(), callLookUp());
    const options = { model: world.model, prompt: PROMPT, tools: tools(() => 'again') };
    await ai.generateText({ ...options, stopWhen: world.steps(2) });
    expect(world.outcome).toBe('truncated');
  });

  test('a tool that waits for an approval pauses the run', async () => {
    world.script(callLookUp());
    const look_up = world.lookUp(() => 'never', { needsApproval: true });
    await ai.generateText({ model: world.model, prompt: PROMPT, tools: { look_up } });
    expect(world.outcome).toBe('paused');
    expect(world.told).toEqual([]);
  });

  test('a call inside a tool is a run of its own below it', async () => {
    world.script(callLookUp(), { text: '' }, { text: 'done' });
    const inner = tools(async () => {
      const { text } = await ai.generateText({
        model: world.model,
        prompt: 'inner',
        ...world.named('inner'),
      });
      return text;
    });
    await ai.generateText({
      model: world.model,
      prompt: PROMPT,
      stopWhen: world.steps(5),
      tools: inner,
      ...world.named('outer'),
    });
    const span = (name: string) => world.recorder.spans.find((each) => each.name === name)!;
    const around = span(world.sdk.version === 6 ? 'execute_graph outer' : 'execute_node look_up');
    expect(span('execute_graph inner').parentSpanContext?.spanId).toBe(around.spanContext().spanId);
    expect(world.told).toMatchObject([{ class: 'llm.empty_response' }]);
    expect(world.failures[0]!.attributes['graph.id']).toBe('inner');
  });

  test('calls at the same time stay apart', async () => {
    const calls = ['a', 'b', 'c'].map((name) =>
      ai.generateText({ model: world.model, prompt: name, ...world.named(name) }),
    );
    await Promise.all(calls);
    for (const name of ['a', 'b', 'c']) {
      const ofGraph = world.recorder.attempts().filter((s) => s.attributes['graph.id'] === name);
      expect(ofGraph).toHaveLength(1);
    }
  });
}
