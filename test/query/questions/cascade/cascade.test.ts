// What followed from what, worked out from rows.
import { describe, expect, it } from 'vitest';
import { cascadeOf } from '../../../../query/questions/cascade/cascade.ts';
import type {
  AttemptFact,
  FailureFact,
  RunFact,
  RunFacts,
} from '../../../../query/questions/cascade/facts.ts';

const at = (second: number): string =>
  `2026-11-01T10:00:${String(second).padStart(2, '0')}.000000000Z`;

interface Told {
  id: string;
  from?: number;
  to?: number;
}

function failed({ id, from = 0, to = 1, ...over }: Told & Partial<FailureFact>): FailureFact {
  return {
    failure_id: id,
    level: 'node',
    trace_id: 't',
    span_id: id,
    parent_span_id: '',
    ancestor_span_ids: [],
    node_id: 'parse',
    attempt: 1,
    visit: 0,
    site: '',
    class: 'unclassified',
    disposition: '',
    error_type: 'TypeError',
    error_message: `message of ${id}`,
    fingerprint: `v1:${id}`,
    evidence: '',
    started_at: at(from),
    ended_at: at(to),
    ...over,
  };
}

function tried({ id, from = 0, to = 1, ...over }: Told & Partial<AttemptFact>): AttemptFact {
  return {
    node_id: 'parse',
    attempt: 1,
    ok: false,
    trace_id: 't',
    span_id: id,
    root_span_id: '',
    started_at: at(from),
    ended_at: at(to),
    ...over,
  };
}

const ended = (outcome: string, over: Partial<RunFact> = {}): RunFact => ({
  started_at: at(0),
  ended_at: at(50),
  outcome,
  graph_snapshot_ref: '',
  trace_id: 't',
  span_id: 'run',
  root_span_id: '',
  ...over,
});

const operation = { level: 'operation', node_id: 'parse' };

/** The order of the failures, what each followed from, and how it went on, in short. */
function told(facts: Partial<RunFacts> & Pick<RunFacts, 'failures'>) {
  const whole = {
    asked: facts.failures.at(-1)!.failure_id,
    run: ended('failure'),
    attempts: [],
    edges: [],
    ...facts,
  };
  const cascade = cascadeOf(whole);
  const backwards = {
    ...whole,
    failures: [...whole.failures].reverse(),
    attempts: [...whole.attempts].reverse(),
  };
  expect(cascadeOf(backwards)).toEqual(cascade);
  return {
    order: cascade.failures.map(({ failure_id }) => failure_id),
    follows: Object.fromEntries(
      cascade.failures.map(({ failure_id, follows }) => [
        failure_id,
        follows.map((one) => `${one.failure_id} ${one.by}${one.certain ? '' : '?'}`),
      ]),
    ),
    onward: Object.fromEntries(
      cascade.failures.map(({ failure_id, went_on: { how, by, node_id, attempt } }) => [
        failure_id,
        [how, by, ...(node_id === null ? [] : [`${node_id} ${attempt}`])].join(' '),
      ]),
    ),
    root: `${cascade.root_failure_id}${cascade.root_certain ? '' : '?'}`,
    first: cascade.first_failure_id,
    cascade,
  };
}

describe('attempts', () => {
  const one = failed({ id: 'a1', to: 1, disposition: 'retried', fingerprint: 'v1:a' });
  const two = failed({ id: 'a2', from: 2, to: 3, attempt: 2, fingerprint: 'v1:a' });
  const attempts = [tried({ id: 'a1', to: 1 }), tried({ id: 'a2', from: 2, to: 3, attempt: 2 })];
  const third = tried({ id: 'a3', from: 4, to: 5, attempt: 3, ok: true });

  it('are recovered by a later one', () => {
    const { follows, onward, root } = told({
      failures: [one, two],
      attempts: [...attempts, third],
      run: ended('success'),
    });
    expect(follows).toEqual({ a1: [], a2: ['a1 retry'] });
    expect(onward).toEqual({ a1: 'recovered attempt parse 3', a2: 'recovered attempt parse 3' });
    expect(root).toBe('a1');
  });

  it('that all fail end the run', () => {
    const last = { ...two, disposition: 'terminal' };
    const { onward, cascade } = told({ failures: [one, last], attempts });
    expect(onward).toEqual({ a1: 'retried attempt parse 2', a2: 'ended_run disposition' });
    expect(cascade.run?.ended_by).toBe('a2');
  });

  it('are in the order of their numbers when clocks run backwards', () => {
    const early = { ...two, started_at: at(0), ended_at: at(0) };
    const { order, follows, first } = told({
      failures: [{ ...one, started_at: at(8), ended_at: at(9) }, early],
      attempts: [
        tried({ id: 'a1', from: 8, to: 9 }),
        tried({ id: 'a2', from: 0, to: 0, attempt: 2 }),
      ],
    });
    expect(order).toEqual(['a1', 'a2']);
    expect(follows.a2).toEqual(['a1 retry']);
    expect(first).toBe('a1');
  });

  it('of another visit are no retries', () => {
    const { onward, follows } = told({
      failures: [one, failed({ id: 'b1', from: 6, to: 7 })],
      attempts: [
        tried({ id: 'a1', to: 1 }),
        tried({ id: 'b1', from: 6, to: 7 }),
        tried({ id: 'b2', from: 8, to: 9, attempt: 2, ok: true }),
      ],
    });
    expect(onward).toEqual({ a1: 'retried disposition', b1: 'recovered attempt parse 2' });
    expect(follows.b1).toEqual([]);
  });

  it('are known by their failures when the attempts are gone', () => {
    expect(told({ failures: [one, two] }).follows.a2).toEqual(['a1 retry']);
  });
});

describe('operations', () => {
  const node = failed({ id: 'n', from: 1, to: 9, error_message: 'planner: no answer in 30 s' });
  const call = failed({
    id: 'c',
    ...operation,
    parent_span_id: 'chain',
    ancestor_span_ids: ['chain', 'n'],
    from: 2,
    to: 3,
    error_message: 'no answer in 30 s',
  });
  const other = failed({ id: 'd', ...operation, parent_span_id: 'n', from: 4, to: 5 });

  it('are what the failure of their node follows from, the one with its words first', () => {
    const { follows, onward, root, cascade } = told({
      failures: [call, other, node],
      attempts: [tried({ id: 'n', from: 1, to: 9 })],
    });
    expect(follows).toEqual({ c: [], d: [], n: ['c parent'] });
    expect(onward).toMatchObject({ c: 'failed_node attempt parse 1' });
    expect(root).toBe('c');
    expect(cascade.failures.at(-1)!.evidence.operations).toEqual(['c', 'd']);
  });

  it('with other words are a perhaps', () => {
    expect(told({ failures: [other, node] })).toMatchObject({
      follows: { n: ['d parent?'] },
      root: 'd?',
    });
  });

  it('come before their node whatever the clocks say', () => {
    const late = { ...call, started_at: at(30), ended_at: at(31) };
    expect(told({ failures: [late, node], asked: 'n' })).toMatchObject({
      order: ['c', 'n'],
      follows: { c: [], n: ['c parent'] },
      first: 'c',
      root: 'c',
    });
  });

  it('are got over when their node succeeds', () => {
    const attempts = [tried({ id: 'n', from: 1, to: 9, ok: true })];
    expect(told({ failures: [call], attempts, run: ended('success') }).onward).toEqual({
      c: 'recovered attempt parse 1',
    });
  });
});

describe('nodes', () => {
  const edges = ['fetch->parse', 'fetch->repair', 'parse->write'];
  const fetch = failed({ id: 'f', node_id: 'fetch', to: 2 });
  const write = failed({ id: 'w', node_id: 'write', from: 6, to: 7, disposition: 'terminal' });
  const attempts = [
    tried({ id: 'f', node_id: 'fetch', to: 2 }),
    tried({ id: 'p', from: 3, to: 4, ok: true }),
    tried({ id: 'w', node_id: 'write', from: 6, to: 7 }),
  ];

  it('follow from one that the graph leads from', () => {
    expect(told({ failures: [fetch, write], attempts, edges })).toMatchObject({
      follows: { w: ['f edge?'] },
      onward: { f: 'routed edge parse 1', w: 'ended_run disposition' },
      root: 'f?',
    });
  });

  it('do not follow from one that the graph does not lead from', () => {
    const apart = ['fetch->parse', 'x->write'];
    expect(told({ failures: [fetch, write], attempts, edges: apart }).follows.w).toEqual([]);
  });

  it('do not follow from one that was got over', () => {
    const again = tried({ id: 'f2', node_id: 'fetch', from: 2, to: 3, attempt: 2, ok: true });
    const { follows, onward } = told({
      failures: [fetch, write],
      attempts: [...attempts, again],
      edges,
    });
    expect([follows.w, onward.f]).toEqual([[], 'recovered attempt fetch 2']);
  });

  it('follow by time alone when the graph is not known', () => {
    expect(told({ failures: [fetch, write], attempts }).follows.w).toEqual(['f time?']);
  });

  it('that are routed go on with the node that took over', () => {
    const routed = { ...fetch, disposition: 'routed' };
    const repair = tried({ id: 'r', node_id: 'repair', from: 3, to: 4, ok: true });
    expect(
      told({ failures: [routed], attempts: [attempts[0]!, repair], run: ended('degraded') }).onward,
    ).toEqual({ f: 'routed disposition repair 1' });
  });

  it('end the run that names them, and no other does', () => {
    const { onward, cascade } = told({
      failures: [fetch, write],
      attempts,
      run: ended('failure', { root_span_id: 'f' }),
    });
    expect(onward.f).toBe('ended_run told');
    expect(cascade.run?.ended_by).toBe('f');
    expect(cascade.consequences).toMatchObject([{ what: 'run', failure_id: 'f', by: 'told' }]);
  });

  it.each([
    ['', 'open outcome'],
    ['degraded', 'continued outcome'],
    ['failure', 'ended_run time'],
  ])('that nothing ran after, in a run with outcome "%s"', (outcome, how) => {
    expect(told({ failures: [fetch], run: ended(outcome) }).onward.f).toBe(how);
  });

  it('say that nothing is known without a run', () => {
    const { onward, cascade } = told({ failures: [fetch], run: undefined });
    expect([onward.f, cascade.run]).toEqual(['unknown ', null]);
  });
});

describe('consequences', () => {
  const inner = failed({ id: 'i', node_id: 'inner', parent_span_id: 'outer', from: 2, to: 3 });
  const outer = tried({ id: 'outer', node_id: 'sub', from: 1, to: 4 });

  it.each<[string, Partial<AttemptFact>, Partial<FailureFact>, string]>([
    ['named by the executor', { root_span_id: 'i' }, { parent_span_id: '' }, 'told'],
    ['known by the span around', {}, {}, 'parent'],
    ['known by time alone', {}, { parent_span_id: '' }, 'time'],
  ])('%s', (_name, attempt, failure, by) => {
    const { cascade } = told({
      failures: [{ ...inner, ...failure }],
      attempts: [{ ...outer, ...attempt }, tried({ id: 'i', node_id: 'inner', from: 2, to: 3 })],
    });
    expect(cascade.consequences).toMatchObject([
      { what: 'attempt', node_id: 'sub', failure_id: 'i', by },
    ]);
  });

  it('are failures when another SDK reports them so', () => {
    const agent = failed({ id: 'g', level: 'graph', node_id: '', from: 0, to: 9 });
    expect(told({ failures: [{ ...inner, parent_span_id: 'g' }, agent] }).follows).toEqual({
      i: [],
      g: ['i parent?'],
    });
  });
});

describe('odd rows', () => {
  it('that name each other as parents lead nowhere', () => {
    const a = failed({ id: 'a', parent_span_id: 'b' });
    const b = failed({ id: 'b', parent_span_id: 'a', from: 2, to: 3, node_id: 'x' });
    const self = failed({ id: 's', parent_span_id: 's', attempt: 4_294_967_295 });
    const { order } = told({ failures: [a, b, self] });
    expect(order.toSorted()).toEqual(['a', 'b', 's']);
  });

  it('show the evidence that the executor gave, whatever it is', () => {
    const evidence = (text: string) =>
      told({ failures: [failed({ id: 'a', evidence: text })] }).cascade.failures[0]!.evidence.told;
    expect(
      evidence('{"judge_feedback":"too long","last_tool_errors":["404"],"causes":[]}'),
    ).toEqual([
      { kind: 'judge', key: 'judge_feedback', text: 'too long' },
      { kind: 'tool', key: 'last_tool_errors', text: '["404"]' },
      { kind: 'cause', key: 'causes', text: '[]' },
    ]);
    expect(evidence('{"cut')).toEqual([{ kind: 'other', key: '', text: '{"cut' }]);
    expect(evidence(`["${'x'.repeat(9000)}"]`)[0]!.text).toHaveLength(500);
  });
});
