// Agents outside of a workflow: a good one, one whose tool throws, one whose model refuses.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { OtelExporter } from '@mastra/otel-exporter';
import { z } from 'zod';

let answers = [];
const server = createServer(async (request, response) => {
  await request.toArray();
  const { status = 200, error, ...message } = answers.shift();
  const finish_reason = message.tool_calls ? 'tool_calls' : 'stop';
  const choices = [{ index: 0, finish_reason, message: { role: 'assistant', ...message } }];
  const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(error ? { error } : { id: 'x', created: 1, model: 'local', choices, usage }),
  );
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const lookup = createTool({
  id: 'lookup',
  description: 'Finds an order.',
  inputSchema: z.object({ id: z.string() }),
  execute: async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
const url = `http://127.0.0.1:${server.address().port}/v1`;
const agentOf = (id) =>
  new Agent({
    id,
    name: id,
    instructions: 'You help.',
    model: { id: 'local/test-model', url, apiKey: 'none' },
    maxRetries: 0,
    tools: { lookup },
  });
const agents = Object.fromEntries(['good', 'clerk', 'refused'].map((id) => [id, agentOf(id)]));
const endpoint = `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`;
const exporter = new OtelExporter({
  provider: { custom: { endpoint, protocol: 'http/protobuf' } },
});
const observability = new Observability({
  configs: { otel: { serviceName: process.env.OTEL_SERVICE_NAME, exporters: [exporter] } },
});
const mastra = new Mastra({ agents, observability, logger: false });
const calls = [
  {
    index: 0,
    id: 'c1',
    type: 'function',
    function: { name: 'lookup', arguments: '{"id":"A-17"}' },
  },
];
const asked = {
  good: [{ content: 'hello' }],
  clerk: [{ tool_calls: calls }, { content: 'sorry' }],
  refused: [
    { status: 401, error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } },
  ],
};
for (const [id, given] of Object.entries(asked)) {
  answers = given;
  try {
    console.log(id, (await mastra.getAgent(id).generate('hi')).text);
  } catch (error) {
    console.log(id, error.name, error.message.slice(0, 100));
  }
}
await mastra.shutdown();
server.close();
