import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Span, SpanEvent, Value } from '../../../collector/decode/span.ts';
import { toRows } from '../../../collector/materialize/to-rows.ts';
import { failureId } from '../../../instrumentation/semconv/failure-id.ts';

const RECEIVED = BigInt(Date.UTC(2026, 0, 2)) * 1_000_000n;
const START = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
const END = START + 1_234_567_890n;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const RESOURCE = {
  attributes: new Map<string, Value>([
    ['service.name', 'hive'],
    ['deployment.environment.name', 'prod'],
    ['process.pid', 42],
  ]),
};
const SCOPE = { name: 'executor', version: '1' };

type Attributes = Record<string, Value>;

function span(name: string, attributes: Attributes = {}, over: Partial<Span> = {}): Span {
  return {
    traceId: TRACE,
    spanId: SPAN,
    parentSpanId: '00f067aa0ba902b7',
    name,
    kind: 1,
    startNs: START,
    endNs: END,
    flags: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
    ...over,
  };
}

const ERROR = { statusCode: 2, statusMessage: 'it broke' };

function event(name: string, attributes: Attributes): SpanEvent {
  return { name, timeNs: START + 5n, attributes: new Map(Object.entries(attributes)) };
}

function rowsFor(name: string, attributes: Attributes = {}, over: Partial<Span> = {}) {
  return toRows(RESOURCE, SCOPE, span(name, attributes, over), RECEIVED).rows;
}

function failureFor(name: string, attributes: Attributes = {}, over: Partial<Span> = {}) {
  const { failures } = rowsFor(name, attributes, { ...ERROR, ...over });
  expect(failures).toHaveLength(1);
  return failures[0]!;
}

/** How many rows of each table, those without any left out. */
function shape(name: string, attributes: Attributes, over: Partial<Span> = {}) {
  const rows = rowsFor(name, attributes, over);
  return Object.fromEntries(
    Object.entries(rows).flatMap(([table, list]) =>
      list.length > 0 ? [[table, list.length]] : [],
    ),
  );
}

const NODE: Attributes = {
  'gen_ai.agent.id': 'agent-1',
  'gen_ai.agent.name': 'Agent',
  'gen_ai.conversation.id': 'session-1',
  'graph.id': 'g',
  'graph.run.id': 'run-1',
  'graph.snapshot.ref': 'sha256:abc',
  'graph.node.id': 'n1',
  'graph.node.name': 'Node one',
  'graph.node.type': 'function',
  'graph.node.attempt': 2,
  'graph.node.max_attempts': 3,
  'graph.node.visit': 1,
};

// As a Python SDK sends it: `span.record_exception(e)` and `set_status(StatusCode.ERROR)`, the
// attributes of our convention set by hand, no span attributes for the exception.
const PYTHON_EXCEPTION = event('exception', {
  'exception.type': 'builtins.ValueError',
  'exception.message': 'bad date: 2026-13-01',
  'exception.stacktrace': 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n',
  'exception.escaped': 'False',
});

test('a failed node attempt gives a failure and an attempt, every column reported', () => {
  const rows = rowsFor(
    'execute_node n1',
    {
      ...NODE,
      'error.type': 'TimeoutError',
      'exception.type': 'TimeoutError',
      'exception.message': 'took 31 s',
      'exception.stacktrace': 'at x',
      'failure.site': 'node.raise',
      'failure.class': 'llm.timeout',
      'failure.severity': 'major',
      'failure.disposition': 'retried',
      'failure.condition': 'too_slow',
      'failure.input': '{"q":1}',
      'failure.input.digest': 'd'.repeat(64),
      'failure.state': '{"path":["n0"]}',
      'failure.evidence': '[]',
      'failure.redactions': '{"email":2}',
      'failure.truncated': ['failure.state'],
      'custom.count': 7,
      'custom.map': { a: [1, true, null] },
    },
    ERROR,
  );
  expect(rows.node_attempts).toEqual([
    {
      timestamp: '2026-01-01 00:00:01.234567890',
      agent_id: 'agent-1',
      graph_snapshot_ref: 'sha256:abc',
      graph_id: 'g',
      run_id: 'run-1',
      node_id: 'n1',
      attempt: 2,
      ok: false,
      duration_ns: '1234567890',
      trace_id: TRACE,
      span_id: SPAN,
      root_span_id: '',
      revision: 1,
      is_deleted: 0,
    },
  ]);
  expect(rows.failures).toEqual([
    {
      timestamp: '2026-01-01 00:00:01.234567890',
      failure_id: failureId(TRACE, SPAN),
      level: 'node',
      trace_id: TRACE,
      span_id: SPAN,
      parent_span_id: '00f067aa0ba902b7',
      service_name: 'hive',
      environment: 'prod',
      agent_id: 'agent-1',
      agent_name: 'Agent',
      session_id: 'session-1',
      run_id: 'run-1',
      graph_id: 'g',
      graph_snapshot_ref: 'sha256:abc',
      node_id: 'n1',
      node_name: 'Node one',
      node_type: 'function',
      attempt: 2,
      max_attempts: 3,
      visit: 1,
      site: 'node.raise',
      class: 'llm.timeout',
      severity: 'major',
      disposition: 'retried',
      condition: 'too_slow',
      error_type: 'TimeoutError',
      error_message: 'took 31 s',
      stack_trace: 'at x',
      template: 'took <num>',
      fingerprint: expect.stringMatching(/^v1:[0-9a-f]{32}$/),
      input_context: '{"q":1}',
      input_digest: 'd'.repeat(64),
      graph_state: '{"path":["n0"]}',
      evidence: '[]',
      duration_ns: '1234567890',
      redactions: { email: 2 },
      truncated: ['failure.state'],
      attributes: {
        'otel.span.name': 'execute_node n1',
        'otel.scope.name': 'executor',
        'custom.count': '7',
        'custom.map': '{"a":[1,true,null]}',
      },
      resource_attributes: {
        'service.name': 'hive',
        'deployment.environment.name': 'prod',
        'process.pid': '42',
      },
      received_at: '2026-01-02 00:00:00.000000000',
      ancestor_span_ids: [],
      revision: 1,
      is_deleted: 0,
    },
  ]);
});

test('a good node attempt is an attempt, no failure', () => {
  expect(shape('execute_node n1', NODE)).toEqual({ node_attempts: 1 });
  expect(rowsFor('execute_node n1', NODE).node_attempts[0]!.ok).toBe(true);
});

test('the same span gives the same rows', () => {
  expect(rowsFor('execute_node n1', NODE, ERROR)).toEqual(rowsFor('execute_node n1', NODE, ERROR));
});

describe('the exception, reported in any way, is one failure', () => {
  test('as the event that a Python SDK records', () => {
    expect(failureFor('execute_node n1', NODE, { events: [PYTHON_EXCEPTION] })).toMatchObject({
      error_type: 'builtins.ValueError',
      error_message: 'bad date: 2026-13-01',
      stack_trace: expect.stringContaining('Traceback'),
    });
  });

  test('attributes win, the event fills in what they leave out', () => {
    const attributes = { ...NODE, 'error.type': 'E_DATE', 'exception.message': 'told here' };
    expect(failureFor('execute_node n1', attributes, { events: [PYTHON_EXCEPTION] })).toMatchObject(
      {
        error_type: 'E_DATE',
        error_message: 'told here',
        stack_trace: expect.stringContaining('Traceback'),
      },
    );
  });

  test('only the status message', () => {
    expect(failureFor('execute_node n1', NODE)).toMatchObject({
      error_type: '',
      error_message: 'it broke',
      stack_trace: '',
    });
  });

  test('_OTHER says nothing when the exception has a type', () => {
    const attributes = { ...NODE, 'error.type': '_OTHER' };
    expect(
      failureFor('execute_node n1', attributes, { events: [PYTHON_EXCEPTION] }).error_type,
    ).toBe('builtins.ValueError');
    expect(failureFor('execute_node n1', attributes).error_type).toBe('');
  });

  test('an exception.type beside another error.type stays among the attributes', () => {
    const row = failureFor('execute_node n1', {
      'error.type': '504',
      'exception.type': 'HttpError',
    });
    expect(row.error_type).toBe('504');
    expect(row.attributes['exception.type']).toBe('HttpError');
  });
});

describe('what a span is', () => {
  test.each<[string, string, Attributes, Partial<Span>, object]>([
    ['start signal', 'start_graph g', NODE, {}, { graph_runs: 1 }],
    ['good run', 'execute_graph g', { 'graph.run.outcome': 'success' }, {}, { graph_runs: 1 }],
    [
      'run that failed because a node did',
      'execute_graph g',
      { 'graph.run.outcome': 'failure' },
      ERROR,
      { graph_runs: 1 },
    ],
    [
      'run that failed by itself',
      'execute_graph g',
      { 'graph.run.outcome': 'failure', 'error.type': 'DeadEnd' },
      ERROR,
      { graph_runs: 1, failures: 1 },
    ],
    [
      'run that failed by itself, told by an event',
      'execute_graph g',
      { 'graph.run.outcome': 'failure' },
      { ...ERROR, events: [PYTHON_EXCEPTION] },
      { graph_runs: 1, failures: 1 },
    ],
    [
      'node that failed because a node inside it did',
      'execute_node outer',
      { ...NODE, 'failure.root.span_id': '00f067aa0ba902b7' },
      ERROR,
      { node_attempts: 1 },
    ],
    [
      'paused run with an exception',
      'execute_graph g',
      { 'graph.run.outcome': 'paused', 'error.type': 'GraphInterrupt' },
      ERROR,
      { graph_runs: 1 },
    ],
    [
      'cancelled run',
      'execute_graph g',
      { 'graph.run.outcome': 'cancelled', 'error.type': 'AbortError' },
      ERROR,
      { graph_runs: 1 },
    ],
    [
      'LangGraph interrupt in a node',
      'execute_node n',
      { ...NODE, 'exception.type': 'langgraph.errors.GraphInterrupt' },
      ERROR,
      { node_attempts: 1 },
    ],
    ['good model call', 'chat gpt', { 'gen_ai.operation.name': 'chat' }, {}, {}],
    [
      'failed model call',
      'chat gpt',
      { 'gen_ai.operation.name': 'chat' },
      ERROR,
      { failures: 1, trace_spans: 1 },
    ],
    ['Hive node', 'node', { 'hive.node_id': 'n1' }, {}, { trace_spans: 1 }],
    ['LangGraph node', 'n1', { langgraph_node: 'n1' }, {}, { trace_spans: 1 }],
    [
      'OpenInference node',
      'n1',
      { 'graph.node.id': 'n1', 'openinference.span.kind': 'CHAIN' },
      {},
      { trace_spans: 1 },
    ],
    [
      'OpenInference tool',
      't',
      { 'graph.node.id': 'n1', 'openinference.span.kind': 'TOOL' },
      {},
      {},
    ],
    [
      'Traceloop task',
      'n1.task',
      { 'traceloop.span.kind': 'task', 'traceloop.entity.name': 'n1' },
      {},
      { trace_spans: 1 },
    ],
    [
      'Traceloop tool',
      't.tool',
      { 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 't' },
      {},
      {},
    ],
    ['client span inside a node', 'GET', { 'graph.node.id': 'n1' }, { kind: 3 }, {}],
    [
      'plain failed span',
      'GET',
      { 'http.request.method': 'GET' },
      ERROR,
      { failures: 1, trace_spans: 1 },
    ],
    [
      "a framework's own span for what is recorded beside it",
      'ai.generateText',
      { 'ai.operationId': 'ai.generateText', 'faultline.recorded': true },
      ERROR,
      {},
    ],
  ])('%s', (_what, name, attributes, over, expected) => {
    expect(shape(name, attributes, over)).toEqual(expected);
  });

  test.each<[string, Attributes, Partial<Span>, string]>([
    ['chat gpt', { 'gen_ai.operation.name': 'chat' }, {}, 'operation'],
    ['execute_tool search', { 'gen_ai.operation.name': 'execute_tool' }, {}, 'operation'],
    ['chat in a node', { 'gen_ai.operation.name': 'chat', 'graph.node.id': 'n1' }, {}, 'operation'],
    ['invoke_agent a', { 'gen_ai.operation.name': 'invoke_agent' }, {}, 'graph'],
    ['llm', { 'openinference.span.kind': 'LLM' }, {}, 'operation'],
    ['ai.generateText', { 'ai.operationId': 'ai.generateText' }, {}, 'graph'],
    ['workflow', { 'traceloop.span.kind': 'workflow' }, {}, 'graph'],
    ['LangGraph', { 'openinference.span.kind': 'CHAIN' }, { parentSpanId: '' }, 'graph'],
    ['inner', { 'openinference.span.kind': 'CHAIN' }, {}, 'operation'],
    ['GET /', { 'http.request.method': 'GET' }, { parentSpanId: '' }, 'operation'],
    ['execute_node', {}, {}, 'node'],
    ['execute_graph', {}, {}, 'graph'],
  ])('a failed %s %j %j is of level %s', (name, attributes, over, level) => {
    expect(failureFor(name, attributes, over).level).toBe(level);
  });

  test('a failed operation keeps the id of its node', () => {
    const attributes = { 'gen_ai.operation.name': 'execute_tool', langgraph_node: 'n1' };
    expect(failureFor('execute_tool search', attributes).node_id).toBe('n1');
  });
});

describe('aliases', () => {
  test('Hive', () => {
    const row = failureFor('node', {
      'hive.agent_id': 'a',
      'hive.session_id': 's',
      'hive.run_id': 'r',
      'hive.graph_id': 'g',
      'hive.node_id': 'n',
      'hive.node_type': 't',
    });
    expect(row).toMatchObject({
      level: 'node',
      agent_id: 'a',
      session_id: 's',
      run_id: 'r',
      graph_id: 'g',
      node_id: 'n',
      node_type: 't',
      attempt: 1,
    });
    expect(row.attributes).not.toHaveProperty('faultline.class_from');
  });

  test('our names win, and the other stays among the attributes', () => {
    const row = failureFor('execute_node n', { ...NODE, 'session.id': 'other' });
    expect(row.session_id).toBe('session-1');
    expect(row.attributes['session.id']).toBe('other');
  });

  test.each<[Attributes, string]>([
    [{ 'gen_ai.agent.id': 'id', 'gen_ai.agent.name': 'name' }, 'id'],
    [{ 'traceloop.workflow.name': 'flow', 'gen_ai.agent.name': 'name' }, 'flow'],
    [{ 'gen_ai.agent.name': 'name' }, 'name'],
    [{}, 'hive'],
  ])('agent of %j is %s', (attributes, agent) => {
    expect(failureFor('execute_node n', attributes).agent_id).toBe(agent);
  });

  test('without a run id the trace stands for the run', () => {
    expect(failureFor('execute_node n').run_id).toBe(TRACE);
    expect(rowsFor('execute_graph g').graph_runs[0]!.run_id).toBe(TRACE);
  });
});

describe('values that are not as they should be', () => {
  test.each<[string, Value, string, unknown]>([
    ['failure.class', 'bad.luck', 'class', 'unclassified'],
    ['failure.site', 'somewhere', 'site', ''],
    ['failure.severity', 3, 'severity', ''],
    ['failure.disposition', 'ignored', 'disposition', ''],
    ['graph.node.attempt', 0, 'attempt', 1],
    ['graph.node.attempt', 1.5, 'attempt', 1],
    ['graph.node.attempt', 2 ** 40, 'attempt', 1],
    ['graph.node.max_attempts', -1, 'max_attempts', 0],
    ['failure.redactions', 'many', 'redactions', {}],
    ['failure.redactions', '{"a":-1,"b":2}', 'redactions', { b: 2 }],
  ])('%s = %j', (key, value, column, stored) => {
    const row = failureFor('execute_node n', { [key]: value }) as unknown as Record<
      string,
      unknown
    >;
    expect(row[column]).toEqual(stored);
    // What a column could not take is not lost.
    if (key !== 'failure.redactions' || value === 'many') {
      expect((row.attributes as Record<string, string>)[key]).toBe(String(value));
    }
  });

  test.each([
    ['failure.input', 'input_context', 16384],
    ['failure.state', 'graph_state', 8192],
    ['exception.message', 'error_message', 16384],
    ['exception.stacktrace', 'stack_trace', 32768],
    ['gen_ai.agent.id', 'agent_id', 1024],
    ['error.type', 'error_type', 1024],
  ])('%s is cut at a character and told', (key, column, limit) => {
    const row = failureFor('execute_node n', { [key]: `x${'ü'.repeat(40_000)}` });
    const stored = (row as unknown as Record<string, string>)[column]!;
    expect(Buffer.byteLength(stored)).toBe(limit - 1);
    expect(stored.endsWith('ü')).toBe(true);
    expect(row.truncated).toEqual([key]);
  });

  test('text within its bound is whole', () => {
    const row = failureFor('execute_node n', { 'failure.input': 'y'.repeat(16384) });
    expect(row.input_context).toHaveLength(16384);
    expect(row.truncated).toEqual([]);
  });

  test('attributes are bounded in number and size', () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`k${i}`, 'v'.repeat(9000)]),
    );
    const { attributes } = failureFor('execute_node n', many);
    expect(Object.keys(attributes)).toHaveLength(64);
    expect(attributes.k0).toHaveLength(4096);
  });

  test('hostile keys stay plain data', () => {
    const attributes = new Map<string, Value>([
      ['__proto__', 'polluted'],
      ['constructor', 'x'],
    ]);
    const row = failureFor('execute_node n', {}, { attributes });
    expect(JSON.stringify(row.attributes)).toContain('"__proto__":"polluted"');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    ['no end', { endNs: 0n }, '2026-01-01 00:00:00.000000000', '0'],
    ['no times', { startNs: 0n, endNs: 0n }, '2026-01-02 00:00:00.000000000', '0'],
    [
      'an end of 2600',
      { endNs: 2n ** 64n - 1n, startNs: START },
      '2026-01-01 00:00:00.000000000',
      String(2n ** 64n - 1n - START),
    ],
    [
      'an end before the start',
      { startNs: END, endNs: START },
      '2026-01-01 00:00:00.000000000',
      '0',
    ],
  ])('%s', (_what, over, timestamp, duration) => {
    expect(failureFor('execute_node n', {}, over)).toMatchObject({
      timestamp,
      duration_ns: duration,
    });
  });
});

describe('the root that a span names', () => {
  test.each([
    ['00f067aa0ba902b7', '00f067aa0ba902b7'],
    ['no span id', ''],
    [undefined, ''],
  ])('%s', (named, stored) => {
    const attributes = { ...NODE, ...(named && { 'failure.root.span_id': named }) };
    expect(rowsFor('execute_node n1', attributes, ERROR).node_attempts[0]!.root_span_id).toBe(
      stored,
    );
    expect(rowsFor('execute_graph g', attributes, ERROR).graph_runs[0]!.root_span_id).toBe(stored);
  });
});

describe('runs', () => {
  test('the end outweighs the start signal, also of a run that took no time', () => {
    const started = rowsFor('start_graph g', NODE, { endNs: START }).graph_runs[0]!;
    const ended = rowsFor('execute_graph g', NODE, { endNs: START }).graph_runs[0]!;
    expect(started).toMatchObject({ outcome: '', ended_at: '1970-01-01 00:00:00.000000000' });
    expect(started.told_at).toBe(started.started_at);
    expect(ended).toMatchObject({ outcome: 'success', ended_at: '2026-01-01 00:00:00.000000000' });
    expect(ended.told_at > started.told_at).toBe(true);
  });

  test.each<[Attributes, number, string]>([
    [{ 'graph.run.outcome': 'truncated' }, 0, 'truncated'],
    [{ 'graph.run.outcome': 'degraded' }, 2, 'degraded'],
    [{}, 2, 'failure'],
    [{}, 0, 'success'],
    [{ 'graph.run.outcome': 'exploded' }, 2, 'failure'],
  ])('outcome of %j with status %i is %s', (attributes, statusCode, outcome) => {
    expect(rowsFor('execute_graph g', attributes, { statusCode }).graph_runs[0]!.outcome).toBe(
      outcome,
    );
  });
});

describe('snapshots', () => {
  const body = '{"edges":[{"source":"a","target":"b"}],"id":"g","nodes":[{"id":"a"},{"id":"b"}]}';
  const ref = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const told = (text: string, under = ref(text)) =>
    toRows(
      RESOURCE,
      SCOPE,
      span('execute_node n', NODE, {
        events: [
          event('graph.snapshot', { 'graph.snapshot.ref': under, 'graph.snapshot.body': text }),
        ],
      }),
      RECEIVED,
    );

  test('a body of the known shape', () => {
    expect(told(body).rows.graph_snapshots).toEqual([
      {
        ref: ref(body),
        graph_id: 'g',
        agent_id: 'agent-1',
        body,
        nodes: ['a', 'b'],
        edges: ['a->b'],
        first_seen: '2026-01-01 00:00:00.000000005',
        last_seen: '2026-01-01 00:00:00.000000005',
      },
    ]);
  });

  test.each(['[1,2]', 'null', '{"nodes":"many","edges":[{"source":{}}]}', 'no JSON at all'])(
    'a body of another shape is stored as it is: %s',
    (text) => {
      expect(told(text).rows.graph_snapshots).toMatchObject([{ body: text, nodes: [], edges: [] }]);
    },
  );

  test.each([
    ['another ref', body, ref('else'), /graph.snapshot.ref is not the SHA-256/],
    [
      'a body over 256 KiB',
      `"${'x'.repeat(262143)}"`,
      undefined,
      /has 262145 bytes, more than 262144/,
    ],
  ])('%s is a warning, the span keeps its rows', (_what, text, under, warning) => {
    const made = told(text, under);
    expect(made.rows.graph_snapshots).toEqual([]);
    expect(made.rows.node_attempts).toHaveLength(1);
    expect(made.warnings).toEqual([expect.stringMatching(warning)]);
    expect(made.rejection).toBeUndefined();
  });
});

describe('evolutions', () => {
  const EVOLUTION: Attributes = {
    'gen_ai.agent.id': 'agent-1',
    'evolution.id': 'evo-1',
    'evolution.trigger': 'failure',
    'evolution.resolution': 'retry with another airline',
    'evolution.status': 'applied',
    'evolution.target.fingerprints': ['v1:aa', 'v1:aa'],
    'evolution.target.failures': ['0B1F9A2C-0000-8000-8000-000000000001'],
    'evolution.from.ref': 'sha256:old',
    'graph.snapshot.ref': 'sha256:new',
  };
  const links = [{ traceId: TRACE, spanId: SPAN }];

  test('targets are the named failures and those of the linked spans', () => {
    const rows = rowsFor('evolve_graph agent-1', EVOLUTION, { links });
    expect(rows.evolutions).toEqual([
      {
        timestamp: '2026-01-01 00:00:00.000000000',
        evolution_id: 'evo-1',
        agent_id: 'agent-1',
        agent_name: '',
        trigger: 'failure',
        resolution: 'retry with another airline',
        strategy: '',
        rationale: '',
        status: 'applied',
        author: '',
        from_ref: 'sha256:old',
        graph_snapshot_ref: 'sha256:new',
        target_fingerprints: ['v1:aa'],
        target_failures: ['0b1f9a2c-0000-8000-8000-000000000001', failureId(TRACE, SPAN)],
        trace_id: TRACE,
        span_id: SPAN,
        service_name: 'hive',
        environment: 'prod',
        received_at: '2026-01-02 00:00:00.000000000',
      },
    ]);
    expect(shape('evolve_graph agent-1', EVOLUTION)).toEqual({ evolutions: 1 });
  });

  test.each<[string, Value]>([
    ['evolution.trigger', 'boredom'],
    ['evolution.status', ''],
    ['evolution.resolution', 7],
    ['evolution.id', ''],
    ['evolution.target.failures', ['not a uuid']],
    ['evolution.target.fingerprints', 'v1:aa'],
  ])('a wrong %s rejects the span and names it', (key, value) => {
    const made = toRows(
      RESOURCE,
      SCOPE,
      span('evolve_graph a', { ...EVOLUTION, [key]: value }),
      RECEIVED,
    );
    expect(made.rejection).toMatch(`span ${SPAN}: ${key}: `);
    expect(made.rows.evolutions).toEqual([]);
  });
});

test('failure ids are UUIDs of version 8, one for each span', () => {
  const id = failureId(TRACE, SPAN);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const digest = createHash('sha256').update(TRACE, 'hex').update(SPAN, 'hex').digest('hex');
  expect(id.slice(0, 13)).toBe(`${digest.slice(0, 8)}-${digest.slice(8, 12)}`);
  expect(failureId(TRACE, 'b7ad6b7169203332')).not.toBe(id);
});
