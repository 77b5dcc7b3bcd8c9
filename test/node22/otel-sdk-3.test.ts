// An app on OpenTelemetry's SDK 3.x: our spans arrive in its trace, whatever it samples.
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  createPipeline,
  instrumentGraph,
  instrumentNode,
} from '../../dist/instrumentation/index.js';
import { Receiver } from '../instrumentation/receiver.ts';

const receiver = new Receiver();
beforeAll(async () => {
  await receiver.start();
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => receiver.stop());
afterEach(() => {
  api.trace.disable();
  receiver.spans.length = 0;
});

const lookUp = instrumentNode(
  'look_up',
  async (id: string) => {
    await api.trace.getTracer('app').startActiveSpan('query', async (span) => span.end());
    throw new TypeError(`no order ${id}`);
  },
  { maxAttempts: 1 },
);

test.each([
  ['everything', new AlwaysOnSampler(), ['query', 'request']],
  ['nothing', new AlwaysOffSampler(), []],
])('that samples %s', async (_, sampler, sampled) => {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  api.trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors }));
  const pipeline = createPipeline({ endpoint: receiver.url, serviceName: 'on-sdk-3' });
  const graph = instrumentGraph({
    agentId: 'on-sdk-3',
    graph: { id: 'orders', nodes: [{ id: 'look_up' }], edges: [] },
    tracer: pipeline.tracer,
  });

  const ids = await api.trace.getTracer('app').startActiveSpan('request', async (span) => {
    await expect(graph.run({}, () => lookUp('CN-1'))).rejects.toThrow('no order CN-1');
    span.end();
    return span.spanContext();
  });
  await pipeline.flush();

  const [failure] = receiver.named('execute_node look_up');
  expect(failure).toMatchObject({
    traceId: ids.traceId,
    statusCode: 2,
    statusMessage: 'no order CN-1',
    attributes: { 'exception.type': 'TypeError', 'failure.input': '"CN-1"' },
  });
  const [run] = receiver.named('execute_graph');
  expect(run).toMatchObject({ traceId: ids.traceId, parentSpanId: ids.spanId });
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(sampled);
  await pipeline.shutdown();
});
