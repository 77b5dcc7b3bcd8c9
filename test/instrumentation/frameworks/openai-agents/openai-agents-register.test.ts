// OpenAI Agents under `node --import faultline/register`, in real processes.
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { appRunner } from '../../app.ts';
import { buildInstrumentation } from '../../built.ts';
import { ModelServer } from '../../model-server.ts';
import { Receiver } from '../../receiver.ts';

const root = join(import.meta.dirname, '../../../..');
const built = buildInstrumentation('faultline-openai-agents');
afterAll(() => built.remove());

let receiver: Receiver;
let model: ModelServer;
beforeEach(async () => {
  receiver = new Receiver();
  model = new ModelServer();
  await Promise.all([receiver.start(), model.start()]);
});
afterEach(() => Promise.all([receiver.stop(), model.stop()]));

const run = appRunner(built, () => receiver.url);
const findOrder = { calls: [{ name: 'find_order', arguments: { number: 'A-17' } }] };

const APP = `
const broken = tool({
  name: 'find_order',
  description: 'Finds an order.',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
  strict: false,
  execute: async () => { throw new TypeError('no total'); },
});
const agent = new Agent({ name: 'Clerk', instructions: 'Help.', tools: [broken] });
const modelProvider = new OpenAIProvider({ baseURL: process.env.MODEL_URL, apiKey: 'none' });
const main = async () => {
  const result = await new Runner({ modelProvider }).run(agent, 'hi');
  console.log(result.finalOutput);
};
`;
const NAMES = '{ Agent, OpenAIProvider, Runner, tool }';

test.each([
  ['esm.mjs', `import ${NAMES} from '@openai/agents'; ${APP} await main();`],
  ['cjs.cjs', `const ${NAMES} = require('@openai/agents'); ${APP} void main();`],
])('an app that knows nothing of it: %s', async (name, text) => {
  model.replies = [findOrder, { text: 'sorry' }];
  const ended = await run({ name, text }, { MODEL_URL: model.url });
  expect(ended).toMatchObject({ code: 0, stdout: 'sorry\n' });
  const [tool] = receiver.named('execute_tool find_order');
  expect(tool).toMatchObject({
    statusCode: 2,
    attributes: {
      'gen_ai.agent.id': 'Clerk',
      'exception.type': 'TypeError',
      'exception.message': 'no total',
      'failure.input': '{"number":"A-17"}',
    },
  });
  const [node] = receiver.named('execute_node Clerk');
  expect(tool!.parentSpanId).toBe(node!.spanId);
  expect(receiver.named('execute_graph')[0]!.attributes['graph.run.outcome']).toBe('success');
});

test('a version that was never tried: one line, no crash, and the wrappers work', async () => {
  const folder = 'apps/node_modules/@openai/agents-core';
  built.write(
    `${folder}/package.json`,
    '{"name":"@openai/agents-core","version":"1.2.3","type":"module","exports":"./dist/index.mjs"}',
  );
  built.write(
    `${folder}/dist/index.mjs`,
    'export class Runner { async run() { return { finalOutput: "new" }; } } export const tool = (o) => o;',
  );
  const index = relative(join(built.folder, 'apps'), built.index);
  const text = `
    import { Runner } from '@openai/agents-core';
    import { instrumentGraph } from '${index}';
    console.log((await new Runner().run()).finalOutput);
    const graph = instrumentGraph({ agentId: 'plain', graph: { id: 'plain' } });
    await graph.run({}, (run) => run.node('a', {}, () => { throw new Error('told'); })).catch(() => {});
  `;
  const ended = await run({ name: 'newer.mjs', text });
  expect(ended).toMatchObject({ code: 0, stdout: 'new\n' });
  expect(ended.stderr).toMatch(/^faultline: @openai\/agents 1\.2\.3 was never tried[^\n]*\n$/);
  expect(receiver.named('execute_node a')).toHaveLength(1);
  expect(receiver.named('execute_graph')).toHaveLength(1);
});

test('the example', async () => {
  const handOver = { calls: [{ name: 'transfer_to_Billing', arguments: {} }] };
  model.replies = [handOver, findOrder, findOrder, findOrder];
  const example = join(root, 'test/examples/openai-agents.ts');
  const ended = await run(
    example,
    { MODEL_URL: model.url },
    { imports: [join(root, 'node_modules/tsx/dist/loader.mjs'), built.register] },
  );
  expect(ended).toMatchObject({
    code: 1,
    stdout: 'The agents gave up: Max turns (4) exceeded\n',
    stderr: '',
  });
  expect(receiver.named('execute_tool find_order')).toHaveLength(3);
  expect(receiver.named('execute_node').map(({ name, statusCode }) => [name, statusCode])).toEqual([
    ['execute_node Desk', 0],
    ['execute_node Billing', 2],
  ]);
  const [end] = receiver.named('execute_graph');
  expect(end!.attributes).toMatchObject({
    'gen_ai.agent.id': 'support',
    'graph.run.outcome': 'truncated',
  });
});
