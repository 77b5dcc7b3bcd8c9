// Two agents of OpenAI Agents: one hands over to the other, whose tool is broken, until the turns run out.
//
//   MODEL_URL=http://localhost:11434/v1 node --import tsx --import faultline/register \
//     test/examples/openai-agents.ts
//
// Any server with OpenAI's Responses API will do. Then: `faultline recent`, `faultline brief support`.
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { z } from 'zod';

const findOrder = tool({
  name: 'find_order',
  description: 'Finds an order by its number.',
  parameters: z.object({ number: z.string() }),
  execute: async ({ number }) => {
    throw new TypeError(`Order ${number} has no total`);
  },
});

const billing = new Agent({
  name: 'Billing',
  instructions: 'You answer questions about orders. Look each order up.',
  tools: [findOrder],
});
const desk = new Agent({
  name: 'Desk',
  instructions: 'You hand each question to whom it belongs.',
  handoffs: [billing],
});

const { MODEL_URL: baseURL = 'http://localhost:11434/v1', MODEL = 'llama3.2' } = process.env;
const runner = new Runner({
  workflowName: 'support',
  model: MODEL,
  modelProvider: new OpenAIProvider({ baseURL, apiKey: process.env.MODEL_KEY ?? 'none' }),
  // Nothing goes to OpenAI. Faultline needs the SDK's tracing for retries of models only.
  tracingDisabled: true,
});

try {
  const { finalOutput } = await runner.run(desk, 'What did order A-17 cost?', { maxTurns: 4 });
  console.log(finalOutput);
} catch (error) {
  console.log(`The agents gave up: ${(error as Error).message}`);
  process.exitCode = 1;
}
