// An agent whose tool throws, one whose model refuses, and a workflow whose second step throws.
import { Agent, createTool, createWorkflowChain, VoltAgentObservability } from '@voltagent/core';
import { MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';
import { processor } from '../otel.mjs';

const observability = new VoltAgentObservability({ spanProcessors: [processor()] });
const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const answers = [
  {
    content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'lookup', input: '{"id":"A-17"}' }],
    finishReason: { unified: 'tool-calls' },
    usage,
    warnings: [],
  },
  {
    content: [{ type: 'text', text: 'sorry' }],
    finishReason: { unified: 'stop' },
    usage,
    warnings: [],
  },
];
const lookup = createTool({
  name: 'lookup',
  description: 'Finds an order.',
  parameters: z.object({ id: z.string() }),
  execute: async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
const clerk = new Agent({
  name: 'clerk',
  instructions: 'x',
  tools: [lookup],
  observability,
  maxRetries: 0,
  model: new MockLanguageModelV3({ doGenerate: async () => answers.shift() }),
});
const refused = new Agent({
  name: 'refused',
  instructions: 'x',
  observability,
  maxRetries: 0,
  model: new MockLanguageModelV3({
    doGenerate: async () => {
      throw new Error('401 Incorrect API key provided');
    },
  }),
});
const orders = createWorkflowChain({
  id: 'orders',
  name: 'orders',
  input: z.object({ id: z.string() }),
  result: z.any(),
  observability,
})
  .andThen({ id: 'parse', execute: async ({ data }) => data })
  .andThen({
    id: 'price',
    execute: async () => {
      throw new RangeError('no total');
    },
  });
for (const work of [
  () => clerk.generateText('hi'),
  () => refused.generateText('hi'),
  () => orders.run({ id: 'A-17' }),
]) {
  await work().catch((error) => console.log(error.name, error.message?.slice(0, 80)));
}
await observability.forceFlush?.();
await new Promise((resolve) => setTimeout(resolve, 2000));
process.exit(0);
