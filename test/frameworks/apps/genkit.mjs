// A flow of two steps; the second calls a tool that throws, or a model that refuses.
import { genkit, z } from 'genkit';

const ai = genkit({});
ai.defineModel({ name: 'local' }, async () => {
  throw Object.assign(new Error('401 Incorrect API key provided'), { status: 401 });
});
const lookup = ai.defineTool(
  { name: 'lookup', description: 'Finds an order.', inputSchema: z.object({ id: z.string() }) },
  async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
);
const orders = ai.defineFlow({ name: 'orders', inputSchema: z.string() }, async (id) => {
  await ai.run('parse', async () => id.trim());
  return await ai.run('price', () => lookup({ id }));
});
const ask = ai.defineFlow('ask', () => ai.generate({ model: 'local', prompt: 'hi' }));
const good = ai.defineFlow('good', async () => await ai.run('only', async () => 1));
for (const work of [() => orders('A-17'), () => ask(), () => good()]) {
  await work().catch((error) => console.log(error.name, error.message.slice(0, 80)));
}
