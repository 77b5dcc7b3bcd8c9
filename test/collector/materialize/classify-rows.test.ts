// The class in the row of a failed span: given, found by a rule, or contradicted.
import { expect, test } from 'vitest';
import type { Value } from '../../../collector/decode/span.ts';
import { CLASS_BY_RULE, CLASS_FROM } from '../../../collector/materialize/classify/identify.ts';
import { toRows } from '../../../collector/materialize/to-rows.ts';

const NOW = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;

function failureFor(attributes: Record<string, Value>, name = 'execute_node plan') {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    name,
    kind: 1,
    startNs: NOW,
    endNs: NOW + 1n,
    flags: 0,
    statusCode: 2,
    statusMessage: '',
    attributes: new Map(
      Object.entries({ 'gen_ai.agent.id': 'a', 'graph.node.id': 'plan', ...attributes }),
    ),
    events: [],
    links: [],
  };
  const { rows } = toRows({ attributes: new Map() }, { name: '', version: '' }, span, NOW);
  expect(rows.failures).toHaveLength(1);
  return rows.failures[0]!;
}

const STEPS = {
  'exception.type': 'GraphRecursionError',
  'exception.message': 'Recursion limit of 25 reached without hitting a stop condition.',
};

test('a rule gives the class that the executor did not', () => {
  const row = failureFor(STEPS);
  expect(row.class).toBe('graph.step_budget');
  expect(row.attributes).toMatchObject({ [CLASS_FROM]: 'rule' });
  expect(row.template).toBe('Recursion limit of <num> reached without hitting a stop condition.');
});

test('the class that was given stays, and a contradiction shows', () => {
  const row = failureFor({ ...STEPS, 'failure.class': 'loop.stall' });
  expect(row.class).toBe('loop.stall');
  expect(row.attributes).toMatchObject({ [CLASS_BY_RULE]: 'graph.step_budget' });
  expect(row.fingerprint).toBe(failureFor(STEPS).fingerprint);
});

test('a span cannot say where the class comes from', () => {
  const row = failureFor({
    'exception.message': 'boom',
    'failure.class': 'loop.stall',
    [CLASS_FROM]: 'rule',
    [CLASS_BY_RULE]: 'tool.error',
  });
  expect(row.class).toBe('loop.stall');
  expect(Object.keys(row.attributes).filter((key) => key.startsWith('faultline.'))).toEqual([]);
});

test('the kind of operation is evidence', () => {
  const message = { 'exception.type': 'Error', 'exception.message': 'Request timed out' };
  const row = failureFor({ ...message, 'gen_ai.operation.name': 'chat' }, 'chat gpt-4o');
  expect(row.class).toBe('llm.timeout');
  const tool = { ...message, 'gen_ai.operation.name': 'execute_tool' };
  expect(failureFor(tool, 'execute_tool search').class).toBe('tool.timeout');
  // Without it a request that timed out says no more than that.
  expect(failureFor(message).class).toBe('network.error');
});
