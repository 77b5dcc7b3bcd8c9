// An app does with `faultline/register` what it does without: what it prints, how it ends, and what it
// asks of its model are the same.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { appRunner } from './app.ts';
import { buildInstrumentation } from './built.ts';
import { ModelServer, type Reply } from './model-server.ts';
import { Receiver } from './receiver.ts';

const root = join(import.meta.dirname, '../..');
const built = buildInstrumentation('faultline-unchanged');
afterAll(() => built.remove());

const example = (name: string) => join(root, 'test/examples', name);
const outcome = (call: string) => `await ${call}.then(
  (result) => console.log('ok', result.text, JSON.stringify(result.usage), result.finishReason),
  (error) => console.log(error.name, error.message));`;

/** Models of the AI SDK, as an app brings them. */
const MODELS = `
import { generateText, streamText, ToolLoopAgent } from 'ai';
const usages = {
  v2: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
  v3: { inputTokens: { total: 3 }, outputTokens: { total: 5 } },
};
class Model {
  #reply;
  provider = 'own';
  modelId = 'm';
  supportedUrls = {};
  constructor(specificationVersion) {
    this.specificationVersion = specificationVersion;
    const isV2 = specificationVersion === 'v2';
    this.#reply = {
      content: [{ type: 'text', text: 'The answer is 42.' }], warnings: [],
      finishReason: isV2 ? 'stop' : { unified: 'stop', raw: 'stop' },
      usage: isV2 ? usages.v2 : usages.v3,
    };
    // Of version 2 the SDK makes a proxy that a frozen object does not allow.
    if (!isV2) Object.freeze(this);
  }
  async doGenerate() { return this.#reply; }
  async doStream() { throw new TypeError('no stream'); }
}
for (const version of ['v1', 'v2', 'v3', 'v4', undefined]) {
  const model = new Model(version);
  ${outcome(`generateText({ model, prompt: 'hi' })`)}
  ${outcome(`new ToolLoopAgent({ model }).generate({ prompt: 'hi' })`)}
  ${outcome(`generateText({ model, prompt: 'hi', prepareStep: (step) => {
    console.log('same model', step.model === model);
    return { model };
  } })`)}
  try {
    const { textStream } = streamText({ model, prompt: 'hi', maxRetries: 0, onError: () => {} });
    for await (const part of textStream) console.log(part);
  } catch (error) {
    console.log('stream', error.name, error.message);
  }
}
for (const model of [null, undefined, 7, {}]) ${outcome(`generateText({ model, prompt: 'hi' })`)}
`;

const GRAPHS = `
import { AIMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
const lookup = tool(() => { throw new TypeError('no total'); },
  { name: 'lookup', schema: { type: 'object', properties: {} } });
const ask = new AIMessage({ content: '', tool_calls: [
  { name: 'lookup', args: {}, id: 'c1' }, { name: 'nope', args: {}, id: 'c2' }] });
const graphOf = (node) => new StateGraph(MessagesAnnotation).addNode('tools', node)
  .addEdge(START, 'tools').addEdge('tools', END).compile();
const looping = new AggregateError([new Error('one')], 'loop');
looping.errors.push(looping);
const nodes = {
  handled: new ToolNode([lookup]),
  thrown: new ToolNode([lookup], { handleToolErrors: false }),
  looping: () => { throw looping; },
  slow: () => new Promise((done) => setTimeout(done, 60_000)),
};
for (const [name, node] of Object.entries(nodes)) {
  await graphOf(node).invoke({ messages: [ask] }, { timeout: name === 'slow' ? 50 : 60000 }).then(
    ({ messages }) => console.log(name, messages.map(({ content, status }) => [content, status])),
    (error) => console.log(name, error.name, error.message, error === looping));
}
process.exit(4);
`;

const MCP = `
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
const high = new McpServer({ name: 'high', version: '1' });
const boom = async () => { throw new TypeError('no total'); };
const said = (text, more) => ({ content: [{ type: 'text', text }], ...more });
high.registerTool('boom', { inputSchema: { id: z.string() } }, boom);
high.registerTool('refuse', {}, () => said('closed', { isError: true }));
high.registerTool('slow', {}, ({ signal }) => new Promise((done) => signal.addEventListener('abort', () => done(said('late')))));
high.registerTool('typed', { outputSchema: { n: z.number() } }, () => said('none'));
high.registerTool('fine', {}, () => said('fine'));
console.log(high._registeredTools.boom.handler === boom);
const low = new Server({ name: 'low', version: '1' }, { capabilities: { tools: {} } });
low.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [] }));
low.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  if (params.name === 'boom') throw new RangeError('low');
  return said('low fine');
});
for (const server of [high, low]) {
  const client = new Client({ name: 'desk', version: '1' });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  await client.listTools();
  for (const name of ['boom', 'refuse', 'slow', 'typed', 'fine', 'nope']) {
    for (const given of [{ id: 'a' }, { id: 7 }, undefined]) {
      await client.callTool({ name, arguments: given }, undefined, { timeout: 30 }).then(
        (result) => console.log(name, JSON.stringify(result)),
        (error) => console.log(name, error.name, error.code, error.message),
      );
    }
  }
  await client.callTool().catch((error) => console.log(error.name, error.message));
  await client.close();
  await client.callTool({ name: 'fine' }).catch((error) => console.log(error.message));
}
`;

const WORKFLOWS = `
import { createWorkflow, workflowEvent } from '@llamaindex/workflow-core';
import { createStatefulMiddleware } from '@llamaindex/workflow-core/middleware/state';
process.on('unhandledRejection', (error) => console.log('unhandled', error.message));
const [start, price, stop] = ['start', 'price', 'stop'].map((debugLabel) => workflowEvent({ debugLabel }));
const { withState } = createStatefulMiddleware(() => ({ seen: 0 }));
const steps = {
  good: async ({ state }) => { state.seen += 1; return stop.with(state.seen); },
  rejects: async () => { throw new TypeError('no total'); },
  throws: () => { throw new RangeError('no currency'); },
};
for (const [name, step] of Object.entries(steps)) {
  const workflow = withState(createWorkflow());
  workflow.handle([start], async (_, { data }) => price.with(data));
  workflow.handle([price], step);
  const { stream, sendEvent } = workflow.createContext();
  const late = new Promise((done) => setTimeout(done, 500, 'no end'));
  sendEvent(start.with('A-17'));
  const end = stream.until(stop).toArray().then((events) => events.map(({ data }) => data));
  console.log(name, JSON.stringify(await Promise.race([end, late])));
}
`;

const failingTool: Reply[] = [
  { calls: [{ name: 'find_order', arguments: { number: 'A-17' } }] },
  { text: 'sorry' },
];

test.each<[string, string | { name: string; text: string }, Reply[]]>([
  ['the example of the AI SDK', example('ai-sdk.ts'), failingTool],
  [
    'the example of OpenAI Agents',
    example('openai-agents.ts'),
    [{ status: 401, error: 'bad key' }],
  ],
  ['models of all versions', { name: 'models.mjs', text: MODELS }, []],
  ['graphs of LangGraph', { name: 'graphs.mjs', text: GRAPHS }, []],
  ['workflows of LlamaIndex', { name: 'workflows.mjs', text: WORKFLOWS }, []],
  ['servers and clients of MCP', { name: 'mcp.mjs', text: MCP }, []],
])('%s', async (_, app, replies) => {
  const receiver = new Receiver();
  await receiver.start();
  const run = appRunner(built, () => receiver.url);
  const always = [
    new URL('../support/time-limits.mjs', import.meta.url).href,
    ...(typeof app === 'string' ? [import.meta.resolve('tsx')] : []),
  ];
  const seen = async (imports: string[]) => {
    const model = new ModelServer();
    const MODEL_URL = await model.start();
    model.replies = [...replies];
    const { code, signal, stdout, stderr } = await run(app, { MODEL_URL }, { imports });
    await model.stop();
    const said = stderr.split('\n').filter((line) => !line.startsWith('faultline: '));
    const requests = JSON.stringify(model.requests).replaceAll(/call_\d+/g, 'call');
    return { code, signal, stdout, stderr: said.join('\n').replaceAll(MODEL_URL, ''), requests };
  };
  const without = await seen(always);
  expect(receiver.spans).toEqual([]);
  expect(await seen([...always, built.register])).toEqual(without);
  expect(receiver.spans.length).toBeGreaterThan(0);
  await receiver.stop();
});
