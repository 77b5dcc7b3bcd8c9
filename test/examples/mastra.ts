// A workflow of Mastra: a step that needs two tries, two branches at once, of which one asks a model, and a
// step that fails for good. Needs Node 22.18 and @mastra/core.
//
//   MODEL_URL=http://localhost:11434/v1 node --import faultline/register test/examples/mastra.ts
//
// Any server with OpenAI's chat completions will do. Then: `faultline recent`, `faultline brief invoices`.
import { Agent } from '@mastra/core/agent';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';

const { MODEL_URL: url = 'http://localhost:11434/v1', MODEL = 'llama3.2' } = process.env;

const clerk = new Agent({
  id: 'clerk',
  name: 'clerk',
  instructions: 'You say in one sentence what an invoice is for.',
  model: { id: `local/${MODEL}`, url, apiKey: process.env.MODEL_KEY ?? 'none' },
});

const invoice = z.object({ number: z.string() });
let tries = 0;

const fetchInvoice = createStep({
  id: 'fetch',
  inputSchema: invoice,
  outputSchema: invoice,
  retries: 2,
  execute: async ({ inputData }) => {
    tries += 1;
    if (tries === 1) throw Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
    return inputData;
  },
});

const describeInvoice = createStep({
  id: 'describe',
  inputSchema: invoice,
  outputSchema: z.object({ text: z.string() }),
  execute: async ({ inputData }) => {
    const { text } = await clerk.generate(`What is invoice ${inputData.number} for?`);
    return { text };
  },
});

const addUp = createStep({
  id: 'add_up',
  inputSchema: invoice,
  outputSchema: z.object({ total: z.number() }),
  execute: async ({ inputData }) => {
    throw new TypeError(`Invoice ${inputData.number} has no total`);
  },
});

const invoices = createWorkflow({
  id: 'invoices',
  inputSchema: invoice,
  outputSchema: z.any(),
})
  .then(fetchInvoice)
  .parallel([describeInvoice, addUp])
  .commit();

const run = await invoices.createRun();
const { status } = await run.start({ inputData: { number: 'CN-2001' } });
console.log(status);
