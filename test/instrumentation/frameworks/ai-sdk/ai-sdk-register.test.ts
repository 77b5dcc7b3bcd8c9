// The AI SDK 6 under `node --import faultline/register`, in real processes.
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { appRunner } from '../../app.ts';
import { buildInstrumentation } from '../../built.ts';
import { ModelServer } from '../../model-server.ts';
import { Receiver } from '../../receiver.ts';

const built = buildInstrumentation('faultline-ai-sdk');
afterAll(() => built.remove());

const root = join(import.meta.dirname, '../../../..');

let receiver: Receiver;
let model: ModelServer;
beforeEach(async () => {
  receiver = new Receiver();
  model = new ModelServer();
  await Promise.all([receiver.start(), model.start()]);
  model.replies = [
    { calls: [{ name: 'find_order', arguments: { number: 'A-17' } }] },
    { status: 401, error: 'Incorrect API key' },
  ];
});
afterEach(() => Promise.all([receiver.stop(), model.stop()]));

const run = appRunner(built, () => receiver.url);

const APP = `
const model = createOpenAICompatible({ name: 'local', baseURL: process.env.MODEL_URL, apiKey: 'x' })('m');
const find_order = tool({
  description: 'Finds an order.',
  inputSchema: jsonSchema({ type: 'object', properties: { number: { type: 'string' } } }),
  execute: async () => { throw new TypeError('no total'); },
});
const agent = new ToolLoopAgent({ id: 'clerk', model, tools: { find_order } });
const main = () => agent.generate({ prompt: 'hi' }).catch((error) => console.log(error.message));
`;

function expectTheFailures(): void {
  expect(receiver.named('execute_node find_order')).toMatchObject([
    {
      statusCode: 2,
      attributes: {
        'gen_ai.agent.id': 'clerk',
        'exception.type': 'TypeError',
        'failure.input': '{"number":"A-17"}',
      },
    },
  ]);
  const [, failed] = receiver.named('execute_node model');
  expect(failed!.attributes).toMatchObject({ 'failure.class': 'llm.auth' });
  const [run] = receiver.named('execute_graph clerk');
  expect(run!.attributes['graph.run.outcome']).toBe('failure');
}

const NAMES = '{ ToolLoopAgent, jsonSchema, tool }';
const PROVIDER = '@ai-sdk/openai-compatible';

test.each([
  [
    'esm.mjs',
    `import ${NAMES} from 'ai'; import { createOpenAICompatible } from '${PROVIDER}'; ${APP} await main();`,
  ],
  [
    'cjs.cjs',
    `const ${NAMES} = require('ai'); const { createOpenAICompatible } = require('${PROVIDER}'); ${APP} void main();`,
  ],
])('an app that knows nothing of it: %s', async (name, text) => {
  const ended = await run({ name, text }, { MODEL_URL: model.url });
  expect(ended).toMatchObject({ code: 0, stdout: 'Incorrect API key\n', stderr: '' });
  expectTheFailures();
});

test("spans of the SDK's own telemetry are marked, and lie in the trace of the run", async () => {
  model.replies.splice(1, 1, { text: 'no total' });
  const text = `import ${NAMES} from 'ai'; import { createOpenAICompatible } from '${PROVIDER}';
    ${APP.replace('tools:', "experimental_telemetry: { isEnabled: true, functionId: 'desk' }, tools:")}
    await main();`;
  const env = { MODEL_URL: model.url, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  expect(await run({ name: 'telemetry.mjs', text }, env)).toMatchObject({ code: 0, stderr: '' });
  const [graph] = receiver.named('execute_graph desk');
  const [outermost, ...inner] = receiver.named('ai.');
  expect(inner.map(({ name }) => name)).toContain('ai.toolCall');
  expect(graph!.parentSpanId).toBe(outermost!.spanId);
  for (const span of [outermost!, ...inner]) {
    expect(span).toMatchObject({
      traceId: graph!.traceId,
      attributes: { 'faultline.recorded': true },
    });
  }
});

test('a version that was never tried is one line and no crash', async () => {
  built.write(
    'apps/old/node_modules/ai/package.json',
    '{"name":"ai","version":"5.0.1","type":"module","exports":"./dist/index.mjs"}',
  );
  built.write(
    'apps/old/node_modules/ai/dist/index.mjs',
    'export const generateText = async () => "as it was"; export class ToolLoopAgent {}',
  );
  const text = `import { generateText } from 'ai';
    console.log(await generateText({}), await generateText({}));`;
  const ended = await run({ name: 'old/app.mjs', text });
  expect(ended).toMatchObject({ code: 0, stdout: 'as it was as it was\n' });
  expect(ended.stderr).toMatch(/^faultline: ai 5\.0\.1 was never tried[^\n]*\n$/);
  expect(receiver.requests).toBe(0);
});

test('the example', async () => {
  model.replies.splice(1, 1, { text: 'It has no total.' });
  const ended = await run(
    join(root, 'test/examples/ai-sdk.ts'),
    { MODEL_URL: model.url },
    { imports: [join(root, 'node_modules/tsx/dist/loader.mjs'), built.register] },
  );
  expect(ended).toMatchObject({ code: 0, stdout: 'It has no total.\n', stderr: '' });
  const failures = receiver.spans.filter(({ statusCode }) => statusCode === 2);
  expect(failures).toMatchObject([
    {
      name: 'execute_node find_order',
      statusMessage: 'Order A-17 has no total',
      attributes: { 'gen_ai.agent.id': 'support', 'failure.site': 'tool.call' },
    },
  ]);
});
