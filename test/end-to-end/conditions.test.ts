// A node that fails without a word, from the app through the collector to the row, the brief and the
// command line.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createPipeline,
  defineFailureCondition,
  instrumentGraph,
  type Pipeline,
} from '../../instrumentation/index.ts';
import { createClient, type History } from '../../query/index.ts';
import { verb } from '../support/verb.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let history: History;
let pipeline: Pipeline;

beforeAll(async () => {
  world = await startWorld();
  history = createClient({ url: world.query });
  pipeline = createPipeline({ endpoint: world.otlpHttp });
});
afterAll(async () => {
  await pipeline?.shutdown();
  await world?.end();
});

const empty = defineFailureCondition({
  name: 'answer_is_empty',
  class: 'output.silent',
  severity: 'critical',
  message: 'the answer is empty',
  when: ({ output }) => output === '' && { length: 0 },
  hint: 'Ask the model again with a shorter context.',
});

const body = { id: 'desk', nodes: [{ id: 'read' }, { id: 'answer' }], edges: [] };

async function recorded(): Promise<void> {
  await pipeline.flush();
  await world.drained();
}

it('is a failure like any other, with condition, class, severity, evidence and hint', async () => {
  const graph = instrumentGraph({
    agentId: 'help-desk',
    graph: body,
    tracer: pipeline.tracer,
    conditions: { node: { answer: [empty] } },
  });
  const answer = await graph.run({ sessionId: 'talk-one' }, async (run) => {
    await run.node('read', {}, () => '');
    return await run.node('answer', { input: { question: 'why?' } }, () => '');
  });
  expect(answer).toBe('');
  await recorded();
  const { items } = await history.recentFailures({ agent: 'help-desk' });
  expect(items).toHaveLength(1);
  const detail = await history.failure(items[0]!.failure_id);
  expect(detail).toMatchObject({
    level: 'node',
    node_id: 'answer',
    session_id: 'talk-one',
    site: 'node.result',
    condition: 'answer_is_empty',
    class: 'output.silent',
    severity: 'critical',
    disposition: 'degraded',
    error_type: 'answer_is_empty',
    error_message: 'the answer is empty',
    input_context: '{"question":"why?"}',
  });
  expect(JSON.parse(detail.evidence)).toEqual({
    found: { length: 0 },
    hint: 'Ask the model again with a shorter context.',
    output: '',
  });
});

it('is reported by the brief and by recent', async () => {
  const { markdown, groups, runs } = await history.brief('help-desk');
  expect(groups).toHaveLength(1);
  expect(markdown).toContain('answer_is_empty');
  expect(markdown).toContain('the answer is empty');
  expect(JSON.stringify(runs)).toContain('degraded');
  const recent = await verb(world, 'recent', '--agent', 'help-desk');
  expect(recent).toContain('answer_is_empty');
});

it('a condition that is broken itself is an operation that failed, inside a good node', async () => {
  const broken = defineFailureCondition({
    name: 'total_is_odd',
    when: ({ output }) => (output as { total: number }).total % 2 === 1,
  });
  const graph = instrumentGraph({
    agentId: 'careful-desk',
    graph: body,
    tracer: pipeline.tracer,
    conditions: { nodes: [broken] },
  });
  await graph.run({}, (run) => run.node('read', {}, () => undefined));
  await recorded();
  const failures = async () => (await history.recentFailures({ agent: 'careful-desk' })).items;
  // The node around an operation is found a little later than the row.
  await expect.poll(async () => (await failures())[0]?.node_id).toBe('read');
  expect(await failures()).toMatchObject([
    {
      level: 'operation',
      condition: 'total_is_odd',
      class: 'code.error',
      severity: 'warning',
      error_type: 'TypeError',
    },
  ]);
  const { items } = await history.nodes('careful-desk');
  expect(items).toMatchObject([{ node_id: 'read', attempts: 1, failures: 0 }]);
});
