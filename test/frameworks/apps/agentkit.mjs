// A network with a tool that throws and a tool that is none, an agent whose model refuses, and a good agent.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createAgent, createNetwork, createTool, openai } from '@inngest/agent-kit';
import { z } from 'zod';

let answers = [];
const server = createServer((_, response) => {
  const { status = 200, ...message } = answers.shift();
  const body = message.error ?? {
    choices: [
      {
        finish_reason: message.tool_calls ? 'tool_calls' : 'stop',
        message: { role: 'assistant', ...message },
      },
    ],
  };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(message.error ? { error: message.error } : body));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const model = openai({
  model: 'local',
  apiKey: 'none',
  baseUrl: `http://127.0.0.1:${server.address().port}/v1/`,
});
const lookup = createTool({
  name: 'lookup',
  description: 'Finds an order.',
  parameters: z.object({ id: z.string() }),
  handler: async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
const call = (name) => ({
  tool_calls: [{ id: 'c1', type: 'function', function: { name, arguments: '{"id":"A-17"}' } }],
});
const agent = (name) => createAgent({ name, system: 'Help.', model, tools: [lookup] });
const said = (text) => ({ content: text });

async function attempt(name, work, ...given) {
  answers = given;
  try {
    const { output, state } = await work();
    console.log(name, JSON.stringify(output ?? state.results.map((one) => one.output)));
  } catch (error) {
    console.log(name, error.name, error.message.slice(0, 100));
  }
}
const network = createNetwork({
  name: 'orders',
  agents: [agent('clerk'), agent('writer')],
  router: ({ callCount, network: { agents } }) =>
    [agents.get('clerk'), agents.get('writer')][callCount],
});
await attempt('network', () => network.run('hi'), call('lookup'), said('sorry'));
await attempt('unknown tool', () => agent('lost').run('hi'), call('nope'));
await attempt('refused', () => agent('refused').run('hi'), {
  status: 401,
  error: { message: 'Incorrect API key provided', code: 'invalid_api_key' },
});
await attempt('good', () => agent('good').run('hi'), said('hello'));
server.close();
