// Four calls: a good one, one whose tool throws before the model answers, one that a provider refuses for good, and
// one that is busy at first and then answers.
import { APICallError, generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';

const usage = { inputTokens: { total: 10 }, outputTokens: { total: 5 } };
const stop = { unified: 'stop', raw: 'stop' };
const answer = {
  content: [{ type: 'text', text: 'done' }],
  finishReason: stop,
  usage,
  warnings: [],
};
const call = {
  ...answer,
  content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'lookup', input: '{"id":"A-17"}' }],
  finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
};
const refusal = (statusCode, message) =>
  new APICallError({ message, url: 'http://127.0.0.1/v1', requestBodyValues: {}, statusCode });

/** A model that returns or throws these, one after the other. */
const model = (...answers) =>
  new MockLanguageModelV3({
    doGenerate: async () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    },
  });
const lookup = tool({
  description: 'Finds an order.',
  inputSchema: z.object({ id: z.string() }),
  execute: async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
const ask = (functionId, ...answers) =>
  generateText({
    model: model(...answers),
    prompt: 'How much is order A-17?',
    tools: { lookup },
    stopWhen: stepCountIs(3),
    experimental_telemetry: { isEnabled: true, functionId },
  });

for (const work of [
  () => ask('good', answer),
  () => ask('orders', call, answer),
  () => ask('refused', refusal(401, 'Incorrect API key provided')),
  () => ask('busy', refusal(429, 'Rate limit reached'), answer),
]) {
  await work().catch((error) => console.log(error.name, error.message.slice(0, 80)));
}
