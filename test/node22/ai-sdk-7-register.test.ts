// The AI SDK 7 under `node --import faultline/register`, in real processes.
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { appRunner } from '../instrumentation/app.ts';
import { ModelServer } from '../instrumentation/model-server.ts';
import { Receiver } from '../instrumentation/receiver.ts';
import { builtApp, root } from './built-app.ts';

const app = builtApp('ai-sdk');
const oneApi = join(import.meta.dirname, 'one-api.mjs');
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

test('the example', async () => {
  model.replies = [
    { calls: [{ name: 'find_order', arguments: { number: 'A-17' } }] },
    { status: 503, error: 'Down', headers: { 'retry-after-ms': '1' } },
    { text: 'It has no total.' },
  ];
  const example = join(root, 'test/examples/ai-sdk.ts');
  const imports = [oneApi, app.register];
  const ended = await run(example, { MODEL_URL: model.url }, { imports });
  expect(ended).toMatchObject({ code: 0, stdout: 'It has no total.\n' });
  const told = receiver
    .named('execute_node')
    .sort((a, b) => Number(a.startNs - b.startNs))
    .map(({ name, attributes }) => [
      name,
      attributes['failure.class'],
      attributes['failure.disposition'],
    ]);
  expect(told).toEqual([
    ['execute_node model', undefined, undefined],
    ['execute_node find_order', undefined, 'routed'],
    ['execute_node model', 'llm.unavailable', 'retried'],
    ['execute_node model', undefined, undefined],
  ]);
  expect(receiver.named('execute_graph support')[0]!.attributes['graph.run.outcome']).toBe(
    'degraded',
  );
});

const APP = `
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText } from 'ai';
const model = createOpenAICompatible({ name: 'local', baseURL: process.env.MODEL_URL, apiKey: 'x' })('m');
const call = (telemetry) =>
  generateText({ model, prompt: 'hi', telemetry }).catch((error) => console.log(error.message));
`;
const refused = { status: 401, error: 'Incorrect API key' };

test('a call with integrations of its own', async () => {
  model.replies = [refused, refused];
  const text = `
    import { aiSdkTelemetry } from '${app.index}';
    ${APP}
    await call({ functionId: 'silent', integrations: [{}] });
    await call({ functionId: 'told', integrations: [{}, aiSdkTelemetry()] });`;
  const ended = await run(
    { name: 'own.mjs', text },
    { MODEL_URL: model.url },
    { imports: [oneApi, app.register] },
  );
  expect(ended.stdout).toBe('Incorrect API key\n'.repeat(2));
  expect(ended.stderr).toMatch(
    /^faultline: a call of the AI SDK names[^\n]*aiSdkTelemetry[^\n]*\n$/,
  );
  expect(receiver.named('execute_graph').map(({ name }) => name)).toEqual(['execute_graph told']);
});

test('a call that turns telemetry off, or hides its inputs', async () => {
  model.replies = [refused, refused];
  const text = `${APP}
    await call({ functionId: 'off', isEnabled: false });
    await call({ functionId: 'hidden', recordInputs: false });`;
  await run(
    { name: 'off.mjs', text },
    { MODEL_URL: model.url },
    { imports: [oneApi, app.register] },
  );
  expect(receiver.named('execute_graph').map(({ name }) => name)).toEqual(['execute_graph hidden']);
  const [failure] = receiver.named('execute_node model');
  expect(failure!.attributes).toMatchObject({ 'failure.class': 'llm.auth' });
  expect(failure!.attributes).not.toHaveProperty('failure.input');
});

test('an app with an SDK of its own, 3.x: failures are in its trace', async () => {
  model.replies = [refused];
  const text = `${APP}
    import { context, trace } from '@opentelemetry/api';
    import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
    import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new TracerProvider({ sampler: new AlwaysOffSampler() }));
    await trace.getTracer('app').startActiveSpan('request', async (span) => {
      await call({ functionId: 'traced' });
      console.log(JSON.stringify(span.spanContext()));
    });`;
  const imports = [oneApi, app.register];
  const ended = await run({ name: 'traced.mjs', text }, { MODEL_URL: model.url }, { imports });
  const { traceId, spanId } = JSON.parse(ended.stdout.split('\n')[1]!);
  expect(receiver.named('execute_graph')).toMatchObject([{ traceId, parentSpanId: spanId }]);
  expect(receiver.named('execute_node model')).toMatchObject([{ traceId, statusCode: 2 }]);
});

test('a version that was never tried is one line and no crash', async () => {
  const text = `
    const integration = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS[0];
    for (const callId of ['a', 'b']) {
      integration.onStart({ callId, operationId: 'ai.generateText', aiVersion: '8.1.0' });
      integration.onError({ callId, error: new Error('new') });
    }`;
  const ended = await run({ name: 'newer.mjs', text }, {}, { imports: [oneApi, app.register] });
  expect(ended.code).toBe(0);
  expect(ended.stderr).toMatch(/^faultline: ai 8\.1\.0 was never tried[^\n]*\n$/);
  expect(receiver.requests).toBe(0);
});
