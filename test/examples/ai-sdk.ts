// An agent of the Vercel AI SDK, 6 or 7: one of its tools is broken, and the model gets to know.
//
//   MODEL_URL=http://localhost:11434/v1 node --import tsx --import faultline/register \
//     test/examples/ai-sdk.ts
//
// Any server with OpenAI's chat completions will do. Then: `faultline recent`, `faultline brief support`.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ToolLoopAgent, tool } from 'ai';
import { z } from 'zod';

const { MODEL_URL: baseURL = 'http://localhost:11434/v1', MODEL = 'llama3.2' } = process.env;
const local = createOpenAICompatible({
  name: 'local',
  baseURL,
  apiKey: process.env.MODEL_KEY ?? 'none',
});

const findOrder = tool({
  description: 'Finds an order by its number.',
  inputSchema: z.object({ number: z.string() }),
  execute: async ({ number }): Promise<string> => {
    throw new TypeError(`Order ${number} has no total`);
  },
});

// Version 6 calls the telemetry's settings experimental; each version ignores the other's.
const named = { functionId: 'support' };
const agent = new ToolLoopAgent({
  model: local(MODEL),
  instructions: 'You answer questions about orders. Look each order up.',
  tools: { find_order: findOrder },
  ...{ telemetry: named, experimental_telemetry: named },
});

const { text } = await agent.generate({ prompt: 'What did order A-17 cost?' });
console.log(text);
