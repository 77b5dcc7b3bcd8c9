// Mastra's agents inside the steps of a workflow, with a scripted model behind Mastra's real client.
import { Agent } from '@mastra/core/agent';
import * as workflows from '@mastra/core/workflows';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { MastraInstrumentation } from '../../dist/instrumentation/index.js';
import { ModelServer } from '../instrumentation/model-server.ts';
import { Recorder } from '../instrumentation/recorder.ts';

const model = new ModelServer();
const recorder = new Recorder();
new MastraInstrumentation({ tracer: recorder.tracer }).manuallyInstrument(workflows);
beforeAll(() => model.start());
afterAll(() => model.stop());
beforeEach(() => recorder.clear());

const text = z.object({ text: z.string() });

/** A workflow of one agent: as a function's part, or as a step itself. */
async function ask(kind: 'function' | 'agent') {
  const clerk = new Agent({
    id: 'clerk',
    name: 'clerk',
    instructions: 'You help.',
    model: { id: 'local/test-model', url: model.url, apiKey: 'none' },
    maxRetries: 0,
  });
  const { createStep, createWorkflow } = workflows;
  const step =
    kind === 'agent'
      ? createStep(clerk)
      : createStep({
          id: 'clerk',
          inputSchema: z.object({ prompt: z.string() }),
          outputSchema: text,
          execute: async ({ inputData }) => ({
            text: (await clerk.generate(inputData.prompt)).text,
          }),
        });
  const orders = createWorkflow({
    id: 'orders',
    inputSchema: z.object({ prompt: z.string() }),
    outputSchema: text,
  })
    .then(step)
    .commit();
  const run = await orders.createRun();
  return await run.start({ inputData: { prompt: 'hi' } });
}

test.each(['function', 'agent'] as const)(
  'what Mastra makes its agents of is no run: %s',
  async (kind) => {
    model.replies = [{ text: 'hello' }];
    expect(await ask(kind)).toMatchObject({ status: 'success', result: { text: 'hello' } });
    expect(recorder.attempts().map(({ name }) => name)).toEqual(['execute_node clerk']);
    expect(recorder.attempts()[0]!.attributes['graph.node.type']).toBe(
      kind === 'agent' ? 'agent' : 'step',
    );
    expect(recorder.run().attributes['graph.run.outcome']).toBe('success');
  },
);

test.each(['function', 'agent'] as const)(
  'a model that refuses fails its step: %s',
  async (kind) => {
    model.replies = [{ status: 401, error: 'Incorrect API key provided' }];
    expect((await ask(kind)).status).toBe('failed');
    const [node] = recorder.attempts('clerk');
    expect(node!.attributes).toMatchObject({
      'exception.message': expect.stringContaining('Incorrect API key provided'),
      'failure.site': 'llm.call',
      'failure.class': 'llm.auth',
      'failure.disposition': 'terminal',
    });
    expect(recorder.run().attributes['graph.run.outcome']).toBe('failure');
  },
);
