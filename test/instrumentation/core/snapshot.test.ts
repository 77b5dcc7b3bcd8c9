import { ROOT_CONTEXT } from '@opentelemetry/api';
import { beforeEach, expect, test, vi } from 'vitest';
import { RESEND_AFTER_MS } from '../../../instrumentation/core/snapshot.ts';
import {
  instrumentGraph,
  recordEvolution,
  SnapshotAnnouncer,
  snapshotOf,
} from '../../../instrumentation/index.ts';
import { evolveGraphAttributes } from '../../../instrumentation/semconv/schemas.ts';
import { Recorder } from '../recorder.ts';

let recorder: Recorder;
beforeEach(() => {
  recorder = new Recorder();
});

const carriers = () =>
  recorder.spans
    .filter(({ events }) => events.some(({ name }) => name === 'graph.snapshot'))
    .map(({ name }) => name);

test('the ref is the hash of the canonical body, whatever the order of keys', () => {
  const one = snapshotOf({ id: 'g', nodes: [{ id: 'a', type: 't' }] });
  const two = snapshotOf({ nodes: [{ type: 't', id: 'a' }], id: 'g' });
  expect(one).toEqual(two);
  expect(one.body).toBe('{"id":"g","nodes":[{"id":"a","type":"t"}]}');
  expect(one.ref).toBe('sha256:18e3a170cfa28eaef4e1ac8e458295a36a1cc5e8fc2e1b0ce15c51d64aee12c5');
});

test('the body goes with the first span and again after ten minutes of use', async () => {
  let now = 0;
  const graph = instrumentGraph({
    agentId: 'agent',
    graph: { id: 'g' },
    tracer: recorder.tracer,
    announcer: new SnapshotAnnouncer(() => now),
  });
  const run = () => graph.run({}, (handle) => handle.node('a', {}, () => {}));
  await run();
  await run();
  expect(carriers()).toEqual(['start_graph g']);
  now = RESEND_AFTER_MS - 1;
  await run();
  expect(carriers()).toHaveLength(1);
  await graph.run({}, async (handle) => {
    now = RESEND_AFTER_MS;
    await handle.node('a', {}, () => {});
    await handle.node('a', {}, () => {});
  });
  expect(carriers()).toEqual(['start_graph g', 'execute_node a']);
  const [event] = recorder.spans[0]!.events;
  expect(event!.attributes).toEqual({
    'graph.snapshot.ref': graph.snapshotRef,
    'graph.snapshot.body': '{"id":"g"}',
  });
});

test('each tracer gets the body', () => {
  const announcer = new SnapshotAnnouncer();
  const other = new Recorder();
  for (const { tracer } of [recorder, other]) {
    const span = tracer.startSpan('s', {}, ROOT_CONTEXT);
    announcer.announce(tracer, span, snapshotOf({ id: 'g' }));
    span.end();
  }
  expect(recorder.spans[0]!.events).toHaveLength(1);
  expect(other.spans[0]!.events).toHaveLength(1);
});

test('a body over 256 KiB is left out, with one warning', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const graph = { id: 'g', notes: 'é'.repeat(131_073) };
    const options = { agentId: 'a', graph, tracer: recorder.tracer };
    for (let time = 0; time < 2; time += 1) {
      const announcer = new SnapshotAnnouncer();
      await instrumentGraph({ ...options, announcer }).run({}, () => {});
    }
    expect(carriers()).toEqual([]);
    expect(stderr).toHaveBeenCalledOnce();
  } finally {
    stderr.mockRestore();
  }
});

test('an evolution is one span with its targets and the new graph', () => {
  const failedSpan = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const graph = { id: 'g', nodes: [] };
  const id = recordEvolution(
    {
      agentId: 'agent',
      resolution: 'route broken invoices to a person',
      rationale: 'all lacked a total; password=hunter22',
      strategy: 'add_node',
      author: 'queen',
      fromRef: 'sha256:old',
      graph,
      targetFingerprints: ['v1:0'],
      targetFailures: [],
      failedSpans: [failedSpan],
    },
    recorder.tracer,
  );
  const [span] = recorder.spans;
  evolveGraphAttributes.parse(span!.attributes);
  expect(span!.name).toBe('evolve_graph agent');
  expect(span!.attributes).toEqual({
    'gen_ai.agent.id': 'agent',
    'evolution.id': id,
    'evolution.trigger': 'failure',
    'evolution.status': 'applied',
    'evolution.resolution': 'route broken invoices to a person',
    'evolution.rationale': 'all lacked a total; password=[redacted:password]',
    'evolution.strategy': 'add_node',
    'evolution.author': 'queen',
    'evolution.from.ref': 'sha256:old',
    'graph.snapshot.ref': snapshotOf(graph).ref,
    'evolution.target.fingerprints': ['v1:0'],
  });
  expect(span!.links[0]!.context).toMatchObject(failedSpan);
  expect(span!.events.map(({ name }) => name)).toEqual(['graph.snapshot']);
  expect(span!.parentSpanContext).toBeUndefined();
});

test('an evolution without a resolution is refused', () => {
  expect(() => recordEvolution({ agentId: 'a', resolution: '' }, recorder.tracer)).toThrow(
    /resolution must be a text/,
  );
});
