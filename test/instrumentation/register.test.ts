// `node --import faultline/register app` in real processes, over real OTLP.
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appRunner } from './app.ts';
import { buildInstrumentation } from './built.ts';
import { Receiver } from './receiver.ts';

const root = join(import.meta.dirname, '../..');
const built = buildInstrumentation('faultline-register');
afterAll(() => built.remove());

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
});
afterEach(async () => {
  await receiver.stop();
});

const run = appRunner(built, () => receiver.url);

const GRAPH = `
const State = Annotation.Root({ value: Annotation() });
const graph = new StateGraph(State)
  .addNode('good', () => ({ value: 2 }))
  .addNode('bad', () => { throw new TypeError('no total'); })
  .addEdge(START, 'good').addEdge('good', 'bad').addEdge('bad', END)
  .compile({ name: 'child-agent' });
`;
const ESM = `import { Annotation, END, START, StateGraph } from '@langchain/langgraph';${GRAPH}`;
const CJS = `const { Annotation, END, START, StateGraph } = require('@langchain/langgraph');${GRAPH}`;
const TRY = `
const told = await graph.invoke({ value: 1 }).catch((error) => error);
console.log(told instanceof TypeError, told.message);
`;

const failed = () => receiver.spans.filter(({ statusCode }) => statusCode === 2);

function expectTheFailure(): void {
  const [bad] = receiver.named('execute_node bad');
  expect(bad).toMatchObject({
    statusCode: 2,
    statusMessage: 'no total',
    attributes: {
      'gen_ai.agent.id': 'child-agent',
      'graph.node.id': 'bad',
      'graph.node.attempt': 1,
      'exception.type': 'TypeError',
      'failure.disposition': 'terminal',
      'failure.input': '{"value":2}',
    },
  });
  expect(receiver.named('execute_graph')[0]!.attributes['graph.run.outcome']).toBe('failure');
  expect(receiver.named('execute_node good')).toHaveLength(1);
}

describe('an app without any tracing', () => {
  test('of ES modules', async () => {
    const ended = await run(
      { name: 'esm.mjs', text: ESM + TRY },
      { OTEL_SERVICE_NAME: 'svc', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' },
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'true no total\n', stderr: '' });
    expectTheFailure();
    expect(failed()[0]!.resource).toMatchObject({
      'service.name': 'svc',
      'deployment.environment.name': 'test',
    });
  });

  test('of CommonJS', async () => {
    const text = `${CJS}(async () => {${TRY}})();`;
    expect(await run({ name: 'cjs.cjs', text })).toMatchObject({ code: 0, stderr: '' });
    expectTheFailure();
  });

  test.each([
    [
      'mjs',
      `import { ToolNode } from '@langchain/langgraph/prebuilt';
      import { AIMessage } from '@langchain/core/messages';
      import { tool } from '@langchain/core/tools';`,
    ],
    [
      'cjs',
      `const { ToolNode } = require('@langchain/langgraph/prebuilt');
      const { AIMessage } = require('@langchain/core/messages');
      const { tool } = require('@langchain/core/tools');`,
    ],
  ])('whose tool throws and whose graph goes on, as %s', async (extension, imports) => {
    const text = `${extension === 'mjs' ? ESM : CJS} ${imports}
      (async () => {
        const lookup = tool(() => { throw new RangeError('no order'); },
          { name: 'lookup', schema: { type: 'object', properties: {} } });
        const calls = new AIMessage({ content: '', tool_calls: [{ name: 'lookup', args: {}, id: 'c1' }] });
        const Messages = Annotation.Root({ messages: Annotation() });
        await new StateGraph(Messages).addNode('tools', new ToolNode([lookup]))
          .addEdge(START, 'tools').addEdge('tools', END).compile({ name: 'tools' })
          .invoke({ messages: [calls] });
      })();`;
    expect(await run({ name: `tools.${extension}`, text })).toMatchObject({ code: 0 });
    expect(receiver.named('execute_tool lookup')).toMatchObject([
      { attributes: { 'exception.type': 'RangeError', 'failure.disposition': 'routed' } },
    ]);
  });

  test.each([
    ['crashes', 'await graph.invoke({ value: 1 });', { code: 1 }],
    ['exits', `${TRY} process.exit(3);`, { code: 3 }],
  ])('that %s at once', async (name, end, expected) => {
    expect(await run({ name: `${name}.mjs`, text: ESM + end })).toMatchObject(expected);
    expectTheFailure();
  });

  test('that a signal ends', async () => {
    const text = `${ESM}${TRY} setInterval(() => {}, 1000);`;
    const ended = await run(
      { name: 'signal.mjs', text },
      {},
      {
        onOutput: (pid) => process.kill(pid, 'SIGTERM'),
      },
    );
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expectTheFailure();
  });

  test('that handles the signal itself', async () => {
    const text = `process.on('SIGTERM', () => { console.log('bye'); process.exit(7); });
      ${ESM}${TRY} setInterval(() => {}, 1000);`;
    let sent = false;
    const ended = await run(
      { name: 'own-signal.mjs', text },
      {},
      {
        onOutput: (pid) => {
          if (!sent) process.kill(pid, 'SIGTERM');
          sent = true;
        },
      },
    );
    expect(ended).toMatchObject({ code: 7, signal: null });
    expect(ended.stdout).toContain('bye');
    expectTheFailure();
  });

  test('that hangs after its run started is known by its start signal', async () => {
    const hanging = ESM.replace(`() => ({ value: 2 })`, `() => new Promise(() => {})`);
    const text = `${hanging} graph.invoke({ value: 1 }); setInterval(() => console.log('on'), 20);`;
    await run(
      { name: 'hang.mjs', text },
      {},
      {
        onOutput: (pid) => {
          if (receiver.named('start_graph').length > 0) process.kill(pid, 'SIGKILL');
        },
      },
    );
    expect(receiver.named('start_graph')).toHaveLength(1);
    expect(receiver.named('execute_graph')).toEqual([]);
  });
});

describe('an app with an SDK of its own', () => {
  const ownSdk = (sampler: string) => `
import { context, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor, ${sampler} } from '@opentelemetry/sdk-trace';
const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({
  serviceName: 'named-in-code',
  autoDetectResources: false,
  sampler: new ${sampler}(),
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  metricReaders: [], logRecordProcessors: [],
});
`;
  const inSpan = `
await trace.getTracer('app').startActiveSpan('request', async (span) => {
  await graph.invoke({ value: 1 }).catch(() => {});
  console.log(JSON.stringify({ ...span.spanContext(), exported: exporter.getFinishedSpans().length }));
  span.end();
});
console.log(exporter.getFinishedSpans().map(({ name }) => name).join());
`;

  test('that samples nothing: failures arrive in its trace, and nothing of it', async () => {
    const text = `${ownSdk('AlwaysOffSampler')} sdk.start(); ${ESM} ${inSpan}`;
    const ended = await run({ name: 'off.mjs', text });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const [context] = ended.stdout.split('\n');
    const { traceId, spanId } = JSON.parse(context!);
    expectTheFailure();
    expect(receiver.spans.every((span) => span.traceId === traceId)).toBe(true);
    expect(receiver.named('execute_graph')[0]!.parentSpanId).toBe(spanId);
    expect(failed()[0]!.resource['service.name']).toBe('named-in-code');
  });

  test('that is registered late keeps its own spans', async () => {
    // Tracing of the app is asked for by OTEL_*, so ours is prepared; the app's comes after a run.
    const text = `${ownSdk('AlwaysOnSampler')} ${ESM}
      await graph.invoke({ value: 1 }).catch(() => {});
      sdk.start();
      ${inSpan}`;
    const ended = await run(
      { name: 'late.mjs', text },
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout.trim().split('\n').at(-1)).toBe('request');
    expect(receiver.named('execute_node bad')).toHaveLength(2);
    expect(receiver.named('request')).toEqual([]);
  });

  test('that lists the instrumentation itself, without register', async () => {
    const index = relative(join(built.folder, 'apps'), built.index);
    const text = `${ownSdk('AlwaysOffSampler').replace(
      'metricReaders: []',
      `
      instrumentations: [new LangGraphInstrumentation()], metricReaders: []`,
    )}
      import { LangGraphInstrumentation } from '${index}';
      sdk.start();
      const { Annotation, END, START, StateGraph } = await import('@langchain/langgraph');
      ${GRAPH} ${inSpan}`;
    const hook = built.write(
      'apps/hook.mjs',
      `import { register } from 'node:module';
      register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);`,
    );
    const ended = await run({ name: 'listed.mjs', text }, {}, { imports: [hook] });
    expect(ended).toMatchObject({ code: 0 });
    expectTheFailure();
  });
});

test('OTEL_* variables give the app tracing: its spans are children of the node around them', async () => {
  const text = `import { trace } from '@opentelemetry/api';
    ${ESM.replace(
      `() => ({ value: 2 })`,
      `() =>
      trace.getTracer('app').startActiveSpan('call model', (span) => { span.end(); return {}; })`,
    )}
    ${TRY}`;
  const ended = await run(
    { name: 'traced.mjs', text },
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  const [call] = receiver.named('call model');
  const [good] = receiver.named('execute_node good');
  expect(call!.parentSpanId).toBe(good!.spanId);
});

test('a collector that is away costs nothing and is said once', async () => {
  const app = { name: 'away.mjs', text: `${ESM}${TRY}${TRY.replaceAll('told', 'again')}` };
  const alone = await run(app, {}, { imports: [] });
  const away = await run(app, { FAULTLINE_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  expect(away).toMatchObject({ code: 0, stdout: alone.stdout });
  expect(away.stderr.trim().split('\n')).toHaveLength(1);
  expect(away.stderr).toContain('http://127.0.0.1:1/v1/traces took no failures (ECONNREFUSED)');
});

test.each(['OTEL_SDK_DISABLED', 'FAULTLINE_DISABLED'])('%s turns everything off', async (name) => {
  const ended = await run({ name: 'disabled.mjs', text: ESM + TRY }, { [name]: 'true' });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.requests).toBe(0);
});

test('a wrong endpoint is one clear line and no crash', async () => {
  const app = { name: 'wrong.mjs', text: ESM + TRY };
  const ended = await run(app, { FAULTLINE_OTLP_ENDPOINT: 'nowhere' });
  expect(ended).toMatchObject({ code: 0, stdout: 'true no total\n' });
  expect(ended.stderr).toMatch(
    /^faultline: records nothing: FAULTLINE_OTLP_ENDPOINT must be[^\n]*\n$/,
  );
});

test('the demo agent fails in two ways and its evolved graph does not', async () => {
  const app = join(root, 'deploy', 'demo', 'agent', 'app.js');
  const before = await run(app);
  expect(before.code).toBe(1);
  expect(before.stdout).toContain('CN-2001: failed, InvoiceValidationError');
  expect(
    receiver.named('execute_node parse_invoice').filter((s) => s.statusCode === 2),
  ).toHaveLength(1);
  const transient = receiver.named('execute_node fetch_rates').filter((s) => s.statusCode === 2);
  expect(transient.map((s) => s.attributes['failure.disposition'])).toEqual(
    Array(4).fill('retried'),
  );
  const [ref] = receiver.spans.map((s) => s.attributes['graph.snapshot.ref']);
  receiver.spans.length = 0;
  expect(await run(app, {}, { args: ['--graph', './graph-v2.js'] })).toMatchObject({ code: 0 });
  expect(receiver.spans[0]!.attributes['graph.snapshot.ref']).not.toBe(ref);
  expect(receiver.named('execute_node manual_review')).toHaveLength(1);
});
