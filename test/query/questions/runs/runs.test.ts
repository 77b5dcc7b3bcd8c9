import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failureId } from '../../../../instrumentation/semconv/index.ts';
import { NotFoundError } from '../../../../query/index.ts';
import {
  failedAttempt,
  type OtlpSpan,
  snapshotRef,
  startWorld,
  type World,
} from '../../../support/world.ts';

let world: World;
const start = Date.now() - 60_000;
const hex = (bytes: number) => randomBytes(bytes).toString('hex');
const ids = { traceId: hex(16), spanId: hex(8) };
const failed = { traceId: ids.traceId, spanId: hex(8) };
const ref = snapshotRef('{"id":"g"}');

const span = (name: string, run: string, over: Record<string, string> = {}): OtlpSpan => ({
  name: `${name} g`,
  attributes: {
    'gen_ai.agent.id': 'biller',
    'graph.id': 'g',
    'graph.run.id': run,
    'graph.snapshot.ref': ref,
    ...over,
  },
});

beforeAll(async () => {
  world = await startWorld();
  await world.send(
    {
      ...failedAttempt('biller', { 'graph.run.id': 'bad' }),
      ...failed,
      parentSpanId: ids.spanId,
      start: start + 10,
    },
    {
      ...span('execute_graph', 'bad', {
        'graph.run.outcome': 'failure',
        'failure.root.span_id': failed.spanId,
      }),
      ...ids,
      start,
    },
    { ...span('execute_graph', 'good', { 'graph.run.outcome': 'success' }), start: start + 1000 },
    { ...span('start_graph', 'open'), start: start + 2000, end: start + 2000 },
    {
      ...span('start_graph', 'bad', { 'gen_ai.agent.id': 'other' }),
      start: start - 1000,
      end: start - 1000,
    },
  );
});
afterAll(() => world?.end());

it('lists runs, newest first, with their outcome and what ended them', async () => {
  const { items } = await world.history.runs({ agent: 'biller' });
  expect(items.map(({ run_id, outcome }) => [run_id, outcome])).toEqual([
    ['open', ''],
    ['good', 'success'],
    ['bad', 'failure'],
  ]);
  const [open, good, bad] = items;
  expect(open).toMatchObject({ ended_at: null, root_failure: null, graph_snapshot_ref: ref });
  expect(good).toMatchObject({ ended_at: expect.stringMatching(/Z$/), root_failure: null });
  expect(bad!.root_failure).toMatchObject({
    failure_id: failureId(failed.traceId, failed.spanId),
    node_id: 'parse',
    error_type: 'TypeError',
  });
});

it('lists runs of one outcome or version, page by page', async () => {
  const outcomes = async (outcome: 'failure' | 'open') => {
    const { items } = await world.history.runs({ agent: 'biller', outcome });
    return items.map(({ run_id }) => run_id);
  };
  expect(await outcomes('failure')).toEqual(['bad']);
  expect(await outcomes('open')).toEqual(['open']);
  expect((await world.history.runs({ ref: snapshotRef('{}') })).items).toEqual([]);
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await world.history.runs({ limit: 1, cursor });
    seen.push(...page.items.map(({ agent_id, run_id }) => `${agent_id} ${run_id}`));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(['biller open', 'biller good', 'biller bad', 'other bad']);
});

it('answers one run, the newest of its id or that of an agent', async () => {
  expect(await world.history.run('bad')).toMatchObject({ agent_id: 'biller', outcome: 'failure' });
  const response = await fetch(`${world.query}/api/v1/runs/bad?agent=other`);
  expect(await response.json()).toMatchObject({ agent_id: 'other', outcome: '' });
  await expect(world.history.run('none')).rejects.toThrow(NotFoundError);
});

it('takes a run by a unique prefix of its id', async () => {
  expect(await world.client.run('goo', { agent: 'biller' })).toMatchObject({ run_id: 'good' });
  await world.send({ ...span('start_graph', 'gone'), start, end: start });
  await expect(world.client.run('go')).rejects.toThrow(/start of several: gone, good/);
  await expect(world.client.run('nobody')).rejects.toThrow(NotFoundError);
});
