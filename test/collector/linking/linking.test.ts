// Linking by itself: rows of a trace in, new revisions out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Due, linkTrace } from '../../../collector/linking/link.ts';
import type { TraceRows } from '../../../collector/linking/trace-rows.ts';
import { fingerprint } from '../../../collector/materialize/fingerprint/v1.ts';
import type {
  ExceptionRecordRow,
  FailureRow,
  NodeAttemptRow,
  Rows,
} from '../../../collector/rows/rows.ts';
import { rowsOf } from '../../support/sample-rows.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const sample = rowsOf('run');
const never: Due = { record: () => false, trace: () => false };
const always: Due = { record: () => true, trace: () => true };

/** Second of the day, and what comes after the dot. */
const at = (second: number) => `2026-01-01 00:00:${String(second).padStart(2, '0')}.000000000`;
const seconds = (count: number) => String(count * 1_000_000_000);

/** A failure that a span alone told. */
function failure(over: Partial<FailureRow>): FailureRow {
  const row: FailureRow = {
    ...sample.failures[0]!,
    trace_id: TRACE,
    timestamp: at(10),
    failure_id: `failure of ${over.span_id}`,
    error_type: '',
    error_message: 'it broke',
    stack_trace: '',
    redactions: {},
    truncated: [],
    attributes: { 'otel.span.name': 'x' },
    ...over,
  };
  const { template, fingerprint: hash } = fingerprint(row);
  return { ...row, template, fingerprint: hash };
}

function operation(over: Partial<FailureRow> = {}): FailureRow {
  return failure({
    level: 'operation',
    span_id: 'op',
    parent_span_id: 'chain',
    agent_id: 'planner',
    service_name: 'planner',
    agent_name: '',
    session_id: '',
    run_id: TRACE,
    graph_id: '',
    graph_snapshot_ref: '',
    node_id: '',
    node_name: '',
    node_type: '',
    attempt: 1,
    visit: 0,
    duration_ns: seconds(2),
    ...over,
  });
}

function attempt(over: Partial<NodeAttemptRow> = {}): NodeAttemptRow {
  return {
    ...sample.node_attempts[0]!,
    trace_id: TRACE,
    span_id: 'node',
    timestamp: at(12),
    duration_ns: seconds(10),
    ok: true,
    ...over,
  };
}

function record(over: Partial<ExceptionRecordRow> = {}): ExceptionRecordRow {
  return {
    ...sample.exception_records[0]!,
    trace_id: TRACE,
    span_id: 'op',
    timestamp: at(9),
    record_id: 'record-1',
    error_type: 'TimeoutError',
    error_message: 'no answer in 30 s',
    stack_trace: 'at call (x.js:1)',
    redactions: { email: 1 },
    truncated: ['exception.stacktrace'],
    ...over,
  };
}

const trace = (over: Partial<TraceRows>): TraceRows => ({
  failures: [],
  attempts: [],
  exceptions: [],
  spans: [],
  ...over,
});

/** The latest revision under each key after the changes. */
function latest(before: FailureRow[], changes: Partial<Rows>[]): FailureRow[] {
  const byKey = new Map<string, FailureRow>();
  for (const row of [...before, ...changes.flatMap(({ failures = [] }) => failures)]) {
    const key = [row.agent_id, row.fingerprint, row.timestamp, row.failure_id].join();
    const known = byKey.get(key);
    if (!known || known.revision <= row.revision) byKey.set(key, row);
  }
  return [...byKey.values()];
}

/** What a reader of the table sees after the changes. */
function visible(before: FailureRow[], changes: Partial<Rows>[]): FailureRow[] {
  return latest(before, changes).filter((row) => row.is_deleted === 0);
}

/** Links until nothing changes, which has to be at once. */
function settle(rows: TraceRows, isDue = never): FailureRow[] {
  const { changes } = linkTrace(rows, isDue);
  const failures = latest(rows.failures, changes);
  expect(linkTrace({ ...rows, failures }, isDue).changes).toEqual([]);
  return visible(failures, []);
}

describe('an exception reported by a log record', () => {
  test('fills what the span left empty, once', () => {
    const [row, ...more] = settle(
      trace({ failures: [operation({ node_id: 'book' })], exceptions: [record()] }),
    );
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      error_type: 'TimeoutError',
      error_message: 'no answer in 30 s',
      stack_trace: 'at call (x.js:1)',
      redactions: { email: 1 },
      truncated: ['exception.stacktrace'],
      revision: 2,
    });
    const { template, fingerprint: hash } = fingerprint(row!);
    expect(row).toMatchObject({ template, fingerprint: hash });
  });

  test('reports the class too, unless the executor did', () => {
    const rows = trace({
      failures: [operation({ node_id: 'book', class: 'unclassified' })],
      exceptions: [
        record({
          error_type: 'RateLimitError',
          error_message: '429 Rate limit reached for gpt-4o',
        }),
      ],
    });
    const [told] = settle(rows);
    expect(told).toMatchObject({ class: 'llm.rate_limit' });
    expect(told!.attributes['faultline.class_from']).toBe('rule');
    const given = settle({ ...rows, failures: [{ ...rows.failures[0]!, class: 'tool.error' }] });
    expect(given[0]).toMatchObject({ class: 'tool.error' });
    expect(given[0]!.attributes['faultline.class_by_rule']).toBe('llm.rate_limit');
  });

  test('leaves a span alone that has reported it all', () => {
    const told = operation({
      node_id: 'book',
      error_type: 'E',
      error_message: 'm',
      stack_trace: 's',
    });
    expect(settle(trace({ failures: [told], exceptions: [record()] }))).toEqual([told]);
  });

  test('takes no message of another type', () => {
    const told = operation({ node_id: 'book', error_type: '504', error_message: 'gateway' });
    const [row] = settle(trace({ failures: [told], exceptions: [record()] }));
    expect(row).toMatchObject({
      error_type: '504',
      error_message: 'gateway',
      stack_trace: 'at call (x.js:1)',
    });
  });

  test('the newest of several wins, in whatever order they come', () => {
    const early = record({ record_id: 'a', timestamp: at(1), error_message: 'first' });
    const late = record({ record_id: 'b', timestamp: at(2), redactions: { token: 3 } });
    const failures = [operation({ node_id: 'book' })];
    const both = settle(trace({ failures, exceptions: [early, late] }));
    for (const first of [early, late]) {
      const then = settle(trace({ failures, exceptions: [first] }));
      const [row, ...more] = settle(trace({ failures: then, exceptions: [early, late] }));
      expect(more).toEqual([]);
      expect({ ...row, revision: 0 }).toEqual({ ...both[0], revision: 0 });
    }
    expect(both[0]).toMatchObject({
      error_message: 'no answer in 30 s',
      redactions: { token: 3 },
    });
  });

  test('stays when its record is gone', () => {
    const joined = settle(
      trace({ failures: [operation({ node_id: 'book' })], exceptions: [record()] }),
    );
    expect(settle(trace({ failures: joined, exceptions: [] }))).toEqual(joined);
    expect(
      settle(trace({ failures: joined, exceptions: [record({ record_id: 'other' })] })),
    ).toEqual(joined);
  });

  test('a resent row of the span loses against it', () => {
    const told = operation({ node_id: 'book' });
    const { changes } = linkTrace(trace({ failures: [told], exceptions: [record()] }), never);
    expect(visible([], [...changes, { failures: [told] }])).toHaveLength(1);
  });
});

describe('an exception without a span', () => {
  test('waits, then is a failure of its own', () => {
    const rows = trace({ exceptions: [record({ node_id: '' })] });
    expect(linkTrace(rows, never)).toMatchObject({ changes: [], state: 'waiting' });
    const [row, ...more] = settle(rows, always);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ level: 'operation', error_type: 'TimeoutError', span_id: 'op' });
    expect(linkTrace(trace({ failures: [row!], exceptions: [record()] }), always).state).not.toBe(
      'linked',
    );
  });

  test.each([
    ['is no error', { severity_number: 16 }],
    ['is not marked', { is_marked: false }],
    ['pauses a graph', { error_type: 'langgraph.errors.GraphInterrupt' }],
  ])('is none when it %s', (_what, over) => {
    expect(linkTrace(trace({ exceptions: [record(over)] }), always).changes).toEqual([]);
  });

  test.each([true, false])(
    'is none when its span was an attempt that reported none (ok: %s)',
    (ok) => {
      const rows = trace({ exceptions: [record()], attempts: [attempt({ span_id: 'op', ok })] });
      expect(linkTrace(rows, always)).toMatchObject({ changes: [], state: 'linked' });
    },
  );

  test('of a whole agent is of level graph', () => {
    const told = record({ event_name: 'gen_ai.invoke_agent.exception' });
    expect(settle(trace({ exceptions: [told] }), always)[0]!.level).toBe('graph');
  });

  test('gives way to its span, also to one that ended at the same time with the same words', () => {
    const told = record({ node_id: '', agent_id: 'planner', run_id: '' });
    const orphans = settle(trace({ exceptions: [told] }), always);
    const late = operation({
      failure_id: orphans[0]!.failure_id,
      timestamp: told.timestamp,
      error_type: told.error_type,
      error_message: told.error_message,
      stack_trace: told.stack_trace,
      class: 'unclassified',
    });
    expect(late.fingerprint).toBe(orphans[0]!.fingerprint);
    const seen = visible([...orphans, late], []);
    expect(seen).toHaveLength(2);
    const [row, ...more] = settle(trace({ failures: seen, exceptions: [told] }), always);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ parent_span_id: 'chain', stack_trace: told.stack_trace });
    expect(row!.attributes).not.toHaveProperty('faultline.told_by');
  });

  test('gives way to its span that succeeded', () => {
    const orphans = settle(trace({ exceptions: [record()] }), always);
    const rows = trace({
      failures: orphans,
      exceptions: [record()],
      attempts: [attempt({ span_id: 'op' })],
    });
    expect(settle(rows, always)).toEqual([]);
  });
});

describe('an operation and the node around it', () => {
  const tiedTo = (rows: TraceRows) => {
    const row = settle(rows).find(({ span_id }) => span_id === 'op')!;
    return [row.node_id, row.attributes['faultline.tied_by']];
  };

  test('takes what its span left out', () => {
    const node = failure({ span_id: 'node', node_id: 'book' });
    const rows = trace({
      failures: [operation({ parent_span_id: 'node' }), node],
      attempts: [attempt({ ok: false, attempt: 3 })],
    });
    expect(settle(rows).find(({ span_id }) => span_id === 'op')).toMatchObject({
      agent_id: 'travel-agent',
      agent_name: 'Travel agent',
      session_id: 'session',
      run_id: 'run',
      graph_id: 'trip',
      graph_snapshot_ref: 'sha256:1',
      node_id: 'book',
      node_name: 'Book',
      node_type: 'function',
      attempt: 3,
      visit: 1,
    });
    expect(linkTrace({ ...rows, failures: settle(rows) }, never).state).toBe('linked');
  });

  test('keeps what its span says itself', () => {
    const own = operation({
      parent_span_id: 'node',
      agent_id: 'me',
      run_id: 'mine',
      graph_id: 'g',
    });
    const [row] = settle(trace({ failures: [own], attempts: [attempt()] }));
    expect(row).toMatchObject({ agent_id: 'me', run_id: 'mine', graph_id: 'g', node_id: 'book' });
  });

  test('through good spans that only its request reported', () => {
    const row = operation({ ancestor_span_ids: ['chain', 'outer', 'node'] });
    expect(tiedTo(trace({ failures: [row], attempts: [attempt()] }))).toEqual(['book', 'parent']);
  });

  test('through failed spans between them', () => {
    const between = failure({
      level: 'graph',
      span_id: 'chain',
      parent_span_id: 'x',
      ancestor_span_ids: ['x', 'node'],
    });
    expect(tiedTo(trace({ failures: [operation(), between], attempts: [attempt()] }))).toEqual([
      'book',
      'parent',
    ]);
  });

  test('the inner node, also when the outer came first', () => {
    const row = operation({ ancestor_span_ids: ['chain', 'inner', 'node'] });
    const first = settle(trace({ failures: [row], attempts: [attempt()] }));
    const attempts = [attempt(), attempt({ span_id: 'inner', node_id: 'pay' })];
    const [then, ...more] = settle(trace({ failures: first, attempts }));
    expect(more).toEqual([]);
    expect(then!.node_id).toBe('pay');
  });

  test('by time, when only one attempt ran meanwhile and all the while', () => {
    const before = attempt({ span_id: 'a', node_id: 'plan', timestamp: at(8), duration_ns: '5' });
    expect(tiedTo(trace({ failures: [operation()], attempts: [before, attempt()] }))).toEqual([
      'book',
      'time',
    ]);
  });

  test('by time the innermost of nested ones', () => {
    const outer = attempt({
      span_id: 'a',
      node_id: 'all',
      timestamp: at(13),
      duration_ns: seconds(12),
    });
    expect(tiedTo(trace({ failures: [operation()], attempts: [outer, attempt()] }))).toEqual([
      'book',
      'time',
    ]);
  });

  test.each([
    ['beside it', attempt({ span_id: 'a', timestamp: at(9), duration_ns: seconds(5) })],
    ['at the very same time', attempt({ span_id: 'a' })],
    ['crossing', attempt({ span_id: 'a', timestamp: at(13), duration_ns: seconds(6) })],
  ])('by time not with another attempt %s', (_what, other) => {
    expect(
      linkTrace(trace({ failures: [operation()], attempts: [attempt(), other] }), never),
    ).toMatchObject({ changes: [], state: 'waiting' });
  });

  test('a tie by time is taken back when it was wrong', () => {
    const first = settle(trace({ failures: [operation()], attempts: [attempt()] }));
    expect(first[0]!.node_id).toBe('book');
    const attempts = [attempt(), attempt({ span_id: 'a', timestamp: at(13) })];
    const [row, ...more] = settle(trace({ failures: first, attempts }));
    expect(more).toEqual([]);
    const { revision, ...told } = operation();
    expect(row).toMatchObject(told);
    expect(row!.attributes).toEqual(told.attributes);
    expect(row!.revision).toBeGreaterThan(revision);
  });

  test('parents in a circle end', () => {
    const row = operation({ ancestor_span_ids: ['chain', 'b', 'op'] });
    expect(linkTrace(trace({ failures: [row] }), never).state).toBe('waiting');
  });
});

test('marks that a span brings itself mean nothing', () => {
  const row = operation({
    parent_span_id: 'node',
    session_id: 'mine',
    attributes: {
      'faultline.told_by': 'log',
      'faultline.tied_columns': 'session_id,timestamp,failure_id',
      'faultline.log_columns': 'error_message,trace_id',
      'faultline.log_records': 'record-1',
    },
  });
  const [linked] = settle(
    trace({ failures: [row], attempts: [attempt()], exceptions: [record()] }),
    always,
  );
  expect(linked).toMatchObject({
    session_id: 'mine',
    trace_id: TRACE,
    timestamp: row.timestamp,
    failure_id: row.failure_id,
    attributes: { 'faultline.tied_by': 'parent' },
  });
});

test('a span that calls itself reported by a log keeps its failure', () => {
  const row = failure({ span_id: 'node', attributes: { 'faultline.told_by': 'log' } });
  const rows = trace({ failures: [row], attempts: [attempt({ ok: false })] });
  expect(settle(rows)).toMatchObject([{ span_id: 'node', attributes: {} }]);
});

test('rows in any order, in any parts, with resends, give the same failures', () => {
  const op = operation({ ancestor_span_ids: ['chain', 'inner', 'node'] });
  const lost = record({ span_id: 'lost', record_id: 'l', node_id: '' });
  const pieces: Partial<TraceRows>[] = [
    { failures: [op] },
    { failures: [failure({ span_id: 'node' })], attempts: [attempt({ ok: false })] },
    { attempts: [attempt({ span_id: 'inner', node_id: 'pay', timestamp: at(11) })] },
    { exceptions: [record()] },
    { exceptions: [record({ record_id: 'b', timestamp: at(2), error_message: 'older' })] },
    { exceptions: [record({ span_id: 'node', record_id: 'n' })] },
    { exceptions: [lost] },
    { failures: [operation({ span_id: 'lost', failure_id: 'x', timestamp: at(20) })] },
  ];
  const comparable = (rows: FailureRow[]) =>
    rows.map(({ revision, ...row }) => row).sort((a, b) => (a.span_id < b.span_id ? -1 : 1));
  const play = (order: number[]) => {
    let stored: FailureRow[] = [];
    const known = { attempts: new Map(), exceptions: new Map() };
    for (const index of order) {
      const { failures = [], attempts = [], exceptions = [] } = pieces[index]!;
      stored = [...stored, ...failures];
      for (const row of attempts) known.attempts.set(row.span_id, row);
      for (const row of exceptions) known.exceptions.set(row.record_id, row);
      const { changes } = linkTrace(
        {
          failures: latest(stored, []),
          attempts: [...known.attempts.values()],
          exceptions: [...known.exceptions.values()],
          spans: [],
        },
        always,
      );
      stored = [...stored, ...changes.flatMap(({ failures = [] }) => failures)];
    }
    return comparable(visible(stored, []));
  };
  // The orphan's id comes from its span; the span told later has to have the same.
  const orphanId = linkTrace(trace({ exceptions: [lost] }), always).changes[0]!.failures![0]!
    .failure_id;
  pieces[7] = {
    failures: [operation({ span_id: 'lost', failure_id: orphanId, timestamp: at(20) })],
  };
  const all = pieces.map((_piece, index) => index);
  const expected = play(all);
  expect(expected.map(({ span_id }) => span_id)).toEqual(['lost', 'node', 'op']);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.array(fc.nat(all.length - 1), { maxLength: 8 }),
      (order, again) => {
        expect(play([...order, ...again])).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
