// Workflows of LlamaIndex.TS: each handler is a node, and a run is over when none runs any more.
import * as original from '@llamaindex/workflow-core';
import type { Tracer } from '@opentelemetry/api';
import { beforeEach, expect, test } from 'vitest';
import { LlamaIndexInstrumentation } from '../../../../instrumentation/index.ts';
import { Recorder } from '../../recorder.ts';

let recorder = new Recorder();
const tracer: Tracer = {
  startSpan: (...args) => recorder.tracer.startSpan(...args),
  startActiveSpan: () => {
    throw new Error('must not be used');
  },
};
const instrumentation = new LlamaIndexInstrumentation({ agentId: 'orders', tracer });
const { createWorkflow, workflowEvent } = instrumentation.manuallyInstrument(original);
beforeEach(() => {
  recorder = new Recorder();
});

const start = workflowEvent<string>({ debugLabel: 'start' });
const price = workflowEvent<{ id: string }>({ debugLabel: 'price' });
const stop = workflowEvent<number>({ debugLabel: 'stop' });
type Step = () => Promise<ReturnType<typeof stop.with>>;

function context(step: Step) {
  const workflow = createWorkflow();
  workflow.handle([start], async function parse(_, { data }) {
    return price.with({ id: data });
  });
  workflow.handle([price], step);
  return workflow.createContext();
}

const outcome = () => recorder.run().attributes['graph.run.outcome'];
const ended = () => expect.poll(() => recorder.spans.length).toBe(4);

test('a good workflow', async () => {
  const { stream, sendEvent } = context(async () => stop.with(42));
  sendEvent(start.with('A-17'));
  const events = await stream.until(stop).toArray();
  expect(events.at(-1)!.data).toBe(42);
  await ended();
  expect(recorder.attempts().map(({ name }) => name)).toEqual([
    'execute_node parse',
    'execute_node price',
  ]);
  expect(outcome()).toBe('success');
  const body = recorder.spans.flatMap(({ events }) => events)[0]!.attributes![
    'graph.snapshot.body'
  ];
  expect(JSON.parse(String(body)).nodes).toMatchObject([
    { id: 'parse', accepts: ['start'], code: expect.stringMatching(/^sha256:/) },
    { id: 'price', accepts: ['price'] },
  ]);
});

test.each([
  ['rejects', async () => Promise.reject(new TypeError('no total'))],
  [
    'throws',
    () => {
      throw new TypeError('no total');
    },
  ],
] satisfies [string, Step][])('a handler that %s', async (_, step) => {
  const seen: unknown[] = [];
  const listen = (error: unknown) => seen.push(error);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
  try {
    const { sendEvent } = context(step);
    sendEvent(start.with('A-17'));
    await ended();
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
  // A rejection that nobody handles is still one.
  expect(seen.map(String)).toEqual(_ === 'rejects' ? ['TypeError: no total'] : []);
  const [node] = recorder.attempts().slice(-1);
  expect(node!.attributes).toMatchObject({
    'gen_ai.agent.id': 'orders',
    'exception.type': 'TypeError',
    'failure.disposition': 'terminal',
    'failure.input': '{"id":"A-17"}',
  });
  expect(outcome()).toBe('failure');
});

test('events that come later are another run', async () => {
  const { sendEvent } = context(async () => stop.with(42));
  sendEvent(start.with('A-17'));
  await ended();
  recorder.clear();
  sendEvent(start.with('A-18'));
  await ended();
  expect(outcome()).toBe('success');
});
