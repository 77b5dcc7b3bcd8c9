// Mastra under `node --import faultline/register`, in real processes.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { appRunner } from '../instrumentation/app.ts';
import { ModelServer } from '../instrumentation/model-server.ts';
import { Receiver } from '../instrumentation/receiver.ts';
import { builtApp, root } from './built-app.ts';

const app = builtApp('mastra');
afterAll(app.remove);

let receiver: Receiver;
let model: ModelServer;
beforeEach(async () => {
  receiver = new Receiver();
  model = new ModelServer();
  await Promise.all([receiver.start(), model.start()]);
});
afterEach(() => Promise.all([receiver.stop(), model.stop()]));

const run = appRunner(app, () => receiver.url);
const env = { MASTRA_TELEMETRY_DISABLED: '1' };

const APP = `
const any = z.any();
const schemas = { inputSchema: any, outputSchema: any };
const bad = createStep({ id: 'bad', ...schemas, execute: async () => { throw new TypeError('no total'); } });
const workflow = createWorkflow({ id: 'orders', ...schemas }).then(bad).commit();
const main = async () => {
  const run = await workflow.createRun();
  console.log((await run.start({ inputData: { order: 7 } })).status);
};
`;

test.each([
  [
    'esm.mjs',
    `import { createStep, createWorkflow } from '@mastra/core/workflows';
     import { z } from 'zod'; ${APP} await main();`,
  ],
  [
    'cjs.cjs',
    `const { createStep, createWorkflow } = require('@mastra/core/workflows');
     const { z } = require('zod'); ${APP} void main();`,
  ],
])('an app that knows nothing of it: %s', async (name, text) => {
  const ended = await run({ name, text }, env);
  expect(ended).toMatchObject({ code: 0, stdout: 'failed\n' });
  expect(receiver.named('execute_node bad')).toMatchObject([
    {
      statusCode: 2,
      statusMessage: 'no total',
      attributes: { 'gen_ai.agent.id': 'orders', 'failure.input': '{"order":7}' },
    },
  ]);
  const events = receiver.spans.flatMap((span) => span.events);
  const snapshot = events.find((event) => event.name === 'graph.snapshot')!;
  expect(snapshot.attributes['graph.snapshot.body']).toContain('"code":"sha256:');
  expect(receiver.named('execute_graph')[0]!.attributes['graph.run.outcome']).toBe('failure');
});

test('a version that was never tried: one line and no crash', async () => {
  const package_ = 'apps/node_modules/@mastra/core';
  app.write(
    `${package_}/package.json`,
    '{"name":"@mastra/core","version":"2.3.4","type":"module","exports":{"./workflows":"./dist/workflows/index.js"}}',
  );
  app.write(`${package_}/dist/workflows/index.js`, 'export class DefaultExecutionEngine {}');
  const text = `import * as workflows from '@mastra/core/workflows'; console.log(Object.keys(workflows).join());`;
  const ended = await run({ name: 'newer.mjs', text }, env);
  expect(ended).toMatchObject({ code: 0, stdout: 'DefaultExecutionEngine\n' });
  expect(ended.stderr).toMatch(/^faultline: @mastra\/core 2\.3\.4 was never tried[^\n]*\n$/);
  rmSync(join(app.folder, package_), { recursive: true });
});

test('the example', async () => {
  model.replies = [{ text: 'It is for paper.' }];
  const ended = await run(
    join(root, 'test/examples/mastra.ts'),
    { ...env, MODEL_URL: model.url },
    { imports: [join(import.meta.dirname, 'one-api.mjs'), app.register] },
  );
  expect(ended).toMatchObject({ code: 0, stdout: 'failed\n' });
  const told = receiver
    .named('execute_node')
    .map(({ name, statusCode, attributes }) => [
      name,
      statusCode,
      attributes['failure.disposition'],
    ]);
  expect(told.sort()).toEqual([
    ['execute_node add_up', 2, 'terminal'],
    ['execute_node describe', 0, undefined],
    ['execute_node fetch', 0, undefined],
    ['execute_node fetch', 2, 'retried'],
  ]);
  expect(model.requests).toHaveLength(1);
});
