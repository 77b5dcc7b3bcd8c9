import { SpanStatusCode } from '@opentelemetry/api';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type GraphOptions,
  instrumentGraph,
  instrumentNode,
} from '../../../instrumentation/index.ts';
import { Recorder } from '../recorder.ts';

let recorder: Recorder;
beforeEach(() => {
  recorder = new Recorder();
});

const body = { id: 'g', nodes: [{ id: 'a' }, { id: 'b' }], edges: [{ source: 'a', target: 'b' }] };

function graph(options: Partial<GraphOptions> = {}) {
  return instrumentGraph({ agentId: 'agent', graph: body, tracer: recorder.tracer, ...options });
}

test('a good run: start signal, run and attempts with their identity', async () => {
  const result = await graph({ agentName: 'Agent' }).run(
    { sessionId: 's1', runId: 'r1' },
    async (run) => {
      await run.node('a', { type: 'tool', name: 'A', maxAttempts: 2 }, () => 1);
      return await run.node('b', {}, async () => 2);
    },
  );
  expect(result).toBe(2);
  const run = recorder.run();
  expect(run.attributes).toMatchObject({
    'gen_ai.agent.id': 'agent',
    'gen_ai.agent.name': 'Agent',
    'gen_ai.conversation.id': 's1',
    'graph.id': 'g',
    'graph.run.id': 'r1',
    'graph.snapshot.ref': graph().snapshotRef,
    'graph.run.outcome': 'success',
  });
  const [a] = recorder.attempts('a');
  expect(a!.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
  expect(a!.attributes).toMatchObject({
    'graph.run.id': 'r1',
    'graph.node.id': 'a',
    'graph.node.name': 'A',
    'graph.node.type': 'tool',
    'graph.node.attempt': 1,
    'graph.node.max_attempts': 2,
    'graph.node.visit': 1,
  });
  expect(a!.status.code).toBe(SpanStatusCode.UNSET);
  const start = recorder.spans[0]!;
  expect(start.name).toBe('start_graph g');
  expect(start.duration).toEqual([0, 0]);
  expect(start.spanContext().traceId).toBe(run.spanContext().traceId);
});

test('a failed attempt reports all that the contract asks for', async () => {
  const error = new TypeError('no total', {
    cause: new AggregateError([new Error('one'), new RangeError('two')], 'many'),
  });
  const input = { invoice: 7, token: 'abc' };
  const thrown = await graph()
    .run({}, async (run) => {
      run.stateKeys(['invoice']);
      await run.node('a', {}, () => 1);
      await run.node('b', { input, maxAttempts: 1 }, () => Promise.reject(error));
    })
    .catch((caught) => caught);
  expect(thrown).toBe(error);
  const [b] = recorder.attempts('b');
  expect(b!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no total' });
  expect(b!.attributes).toMatchObject({
    'error.type': 'TypeError',
    'exception.type': 'TypeError',
    'exception.message': 'no total',
    'failure.site': 'node.raise',
    'failure.disposition': 'terminal',
    'failure.severity': 'major',
    'failure.input': '{"invoice":7,"token":"[redacted:token]"}',
    'failure.redactions': '{"token":1}',
  });
  expect(b!.attributes['exception.stacktrace']).toMatch(
    /TypeError: no total[\s\S]*Caused by: AggregateError: many[\s\S]*Caused by: \[0\]: Error: one[\s\S]*Caused by: \[1\]: RangeError: two/,
  );
  expect(b!.attributes['exception.stacktrace']).not.toContain('instrumentation/core/graph.ts');
  expect(JSON.parse(String(b!.attributes['failure.state']))).toEqual({
    path: ['a', 'b'],
    path_length: 2,
    visits: { a: 1, b: 1 },
    retries: {},
    state_keys: ['invoice'],
  });
  expect(JSON.parse(String(b!.attributes['failure.evidence'])).causes).toHaveLength(3);
  expect(b!.attributes['failure.input.digest']).toMatch(/^[0-9a-f]{64}$/);
  expect(b!.events.map(({ name }) => name)).toEqual(['exception']);
  const run = recorder.run();
  expect(run.attributes['graph.run.outcome']).toBe('failure');
  expect(run.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no total' });
  // The failure is told once; the run names the span that told it.
  const told = Object.entries(run.attributes).filter(([key]) =>
    /exception|failure|error/.test(key),
  );
  expect(told).toEqual([['failure.root.span_id', b!.spanContext().spanId]]);
});

describe('an AggregateError', () => {
  const failures = () => recorder.spans.filter(({ attributes }) => attributes['exception.type']);
  const fail = (error: unknown) =>
    graph()
      .run({}, (run) => run.node('a', {}, () => Promise.reject(error)))
      .catch((caught) => caught);

  test('that contains itself is one failure', async () => {
    const error = new AggregateError([new Error('one')], 'loop');
    error.errors.push(error);
    expect(await fail(error)).toBe(error);
    expect(failures().map(({ name }) => name)).toEqual(['execute_node a']);
    expect(recorder.run().attributes['graph.run.outcome']).toBe('failure');
  });

  test('whose members contain each other is one failure', async () => {
    const one = new AggregateError([], 'one');
    const two = new AggregateError([one, new Error('leaf')], 'two');
    one.errors.push(two);
    await fail(one);
    expect(failures()).toHaveLength(1);
    expect(JSON.parse(String(failures()[0]!.attributes['failure.evidence'])).causes).toHaveLength(
      2,
    );
  });

  test('that shares its members on 60 levels is one failure', async () => {
    let error = new Error('leaf');
    for (let level = 0; level < 60; level += 1) error = new AggregateError([error, error]);
    await fail(error);
    expect(failures()).toHaveLength(1);
  });

  test('of errors that nodes have reported is none, also where it shares them', async () => {
    const [one, two] = [new Error('one'), new Error('two')];
    const both = new AggregateError([one, new AggregateError([two, one])]);
    await graph()
      .run({}, async (run) => {
        await run.node('a', {}, () => Promise.reject(one)).catch(() => {});
        await run.node('b', {}, () => Promise.reject(two)).catch(() => {});
        throw both;
      })
      .catch(() => {});
    expect(failures().map(({ name }) => name)).toEqual(['execute_node a', 'execute_node b']);
  });

  test('with one member that nobody has reported is one of its own', async () => {
    const one = new Error('one');
    await graph()
      .run({}, async (run) => {
        await run.node('a', {}, () => Promise.reject(one)).catch(() => {});
        throw new AggregateError([one, new Error('other')]);
      })
      .catch(() => {});
    expect(failures().map(({ name }) => name)).toEqual(['execute_node a', 'execute_graph g']);
  });
});

test('an error outside of any node is reported by the run', async () => {
  await expect(
    graph().run({}, () => {
      throw new Error('routing');
    }),
  ).rejects.toThrow('routing');
  expect(recorder.run().attributes).toMatchObject({
    'graph.run.outcome': 'failure',
    'exception.message': 'routing',
    'failure.site': 'run',
  });
});

test('a wrapped node counts its own attempts and visits and links retries', async () => {
  let calls = 0;
  const fetchRates = instrumentNode(
    'fetch',
    async (currency: string) => {
      calls += 1;
      if (calls < 3) throw new Error(`try ${calls}`);
      return currency;
    },
    { maxAttempts: 3 },
  );
  await graph().run({}, async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) await fetchRates('EUR').catch(() => {});
    expect(await fetchRates('EUR')).toBe('EUR');
    expect(await fetchRates('USD')).toBe('USD');
  });
  const attempts = recorder.attempts('fetch');
  expect(
    attempts.map(({ attributes }) => [
      attributes['graph.node.visit'],
      attributes['graph.node.attempt'],
      attributes['failure.disposition'],
      attributes['failure.input'],
    ]),
  ).toEqual([
    [1, 1, 'retried', '"EUR"'],
    [1, 2, 'retried', '"EUR"'],
    [1, 3, undefined, undefined],
    [2, 1, undefined, undefined],
  ]);
  expect(attempts[1]!.links[0]!.context.spanId).toBe(attempts[0]!.spanContext().spanId);
  expect(attempts[2]!.links[0]!.context.spanId).toBe(attempts[1]!.spanContext().spanId);
  expect(attempts[3]!.links).toEqual([]);
  expect(recorder.run().attributes['graph.run.outcome']).toBe('success');
});

test('a wrapped node keeps synchronous results, `this` and the absence of a run', async () => {
  const holder = { factor: 3, work: instrumentNode('w', work) };
  function work(this: { factor: number }, x: number): number {
    return this.factor * x;
  }
  expect(holder.work(2)).toBe(6);
  expect(recorder.spans).toEqual([]);
  await graph().run({}, () => expect(holder.work(4)).toBe(12));
  expect(recorder.attempts('w')).toHaveLength(1);
});

test('a run that goes on without a lost node is degraded', async () => {
  await graph().run({}, async (run) => {
    await run.node('a', { maxAttempts: 1 }, () => Promise.reject(new Error('x'))).catch(() => {});
  });
  expect(recorder.run().attributes['graph.run.outcome']).toBe('degraded');
});

describe('no failure', () => {
  test('a pause', async () => {
    const pause = new Error('ask a human');
    const control = (error: unknown) => (error === pause ? ('paused' as const) : undefined);
    const running = graph({ control }).run({}, (run) =>
      run.node('a', {}, () => Promise.reject(pause)),
    );
    await expect(running).rejects.toBe(pause);
    expect(recorder.attempts('a')[0]!.status.code).toBe(SpanStatusCode.UNSET);
    expect(recorder.run().attributes['graph.run.outcome']).toBe('paused');
    expect(recorder.run().status.code).toBe(SpanStatusCode.UNSET);
  });

  test('a cancel by the caller', async () => {
    const controller = new AbortController();
    const running = graph().run({ signal: controller.signal }, (run) =>
      run.node('a', {}, async () => {
        controller.abort();
        controller.signal.throwIfAborted();
      }),
    );
    await expect(running).rejects.toThrow();
    expect(recorder.attempts('a')[0]!.status.code).toBe(SpanStatusCode.UNSET);
    expect(recorder.run().attributes['graph.run.outcome']).toBe('cancelled');
  });

  test('but an AbortError that the caller did not ask for is one', async () => {
    const running = graph().run({}, (run) =>
      run.node('a', {}, () => Promise.reject(new DOMException('timeout', 'AbortError'))),
    );
    await expect(running).rejects.toThrow();
    expect(recorder.run().attributes['graph.run.outcome']).toBe('failure');
  });
});

describe('nothing is thrown into the app', () => {
  const fail = () => {
    throw new Error('ours');
  };

  test('with a tracer that is broken', async () => {
    const broken = graph({ tracer: { startSpan: fail, startActiveSpan: fail } });
    expect(await broken.run({}, (run) => run.node('a', {}, () => 5))).toBe(5);
  });

  test('with callbacks that throw', async () => {
    const error = new Error('theirs');
    const running = graph({ control: fail, describe: fail }).run({}, (run) =>
      run.node('a', { disposition: fail, maxAttempts: 1 }, () => Promise.reject(error)),
    );
    await expect(running).rejects.toBe(error);
    expect(recorder.attempts('a')[0]!.attributes['failure.disposition']).toBe('terminal');
  });

  test('a redactor that throws drops the field and says so', async () => {
    const running = graph({ redact: fail }).run({}, (run) =>
      run.node('a', { input: { secret: 1 } }, () => Promise.reject(new Error('hidden'))),
    );
    await expect(running).rejects.toThrow('hidden');
    const { attributes, status, events } = recorder.attempts('a')[0]!;
    expect(attributes['failure.input']).toBeUndefined();
    expect(attributes['exception.message']).toBeUndefined();
    expect(attributes['failure.truncated']).toContain('failure.input');
    expect(attributes['failure.redactions']).toMatch(/redaction_failed/);
    expect(JSON.stringify([attributes, status, events])).not.toContain('hidden');
    expect(status.code).toBe(SpanStatusCode.ERROR);
  });

  test.each([
    ['a text', 'just text'],
    ['nothing', undefined],
    ['a revoked proxy', revoked()],
    ['an object', { code: 7 }],
  ])('when the app throws %s', async (_name, thrown) => {
    const caught = await graph()
      .run({}, (run) => run.node('a', {}, () => Promise.reject(thrown)))
      .then(
        () => expect.unreachable(),
        (error) => ({ error }),
      );
    expect(caught.error === thrown).toBe(true);
    expect(recorder.attempts('a')[0]!.status.code).toBe(SpanStatusCode.ERROR);
    expect(recorder.run().attributes['exception.type']).toBeUndefined();
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test('a large input is cut to 16 KiB and its digest is of the whole', async () => {
  const input = (last: string) => ({ text: '€'.repeat(400_000), last });
  const digests: unknown[] = [];
  for (const last of ['x', 'y']) {
    recorder.clear();
    await graph()
      .run({}, (run) =>
        run.node('a', { input: input(last) }, () => Promise.reject(new Error('big'))),
      )
      .catch(() => {});
    const { attributes } = recorder.attempts('a')[0]!;
    const sent = String(attributes['failure.input']);
    expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(16_384);
    expect(Buffer.byteLength(sent)).toBeGreaterThan(16_380);
    expect(sent.endsWith('€')).toBe(true);
    expect(attributes['failure.truncated']).toEqual(['failure.input']);
    digests.push(attributes['failure.input.digest']);
  }
  expect(digests[0]).not.toBe(digests[1]);
});

test('concurrent runs do not mix', async () => {
  const work = instrumentNode('n', async (delay: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (delay === 1) throw new Error('one');
  });
  const instrumented = graph();
  await Promise.allSettled(
    [0, 1, 2].map((n) => instrumented.run({ runId: `r${n}` }, () => work(n))),
  );
  for (const n of [0, 1, 2]) {
    const [attempt] = recorder
      .attempts('n')
      .filter(({ attributes }) => attributes['graph.run.id'] === `r${n}`);
    expect(attempt!.status.code).toBe(n === 1 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
  }
});

test.each([
  ['agentId', () => instrumentGraph({ graph: { id: 'g' } } as never)],
  ['agentId', () => instrumentGraph(undefined as never)],
  ['agentId', () => instrumentGraph({ agentId: ' ', graph: { id: 'g' } })],
  ['graph', () => instrumentGraph({ agentId: 'a' } as never)],
  ['redact', () => instrumentGraph({ agentId: 'a', graph: {}, redact: 5 as never })],
  ['tracer.startSpan', () => instrumentGraph({ agentId: 'a', graph: {}, tracer: {} as never })],
  ['nodeId', () => instrumentNode(undefined as never, () => 1)],
  ['nodeId', () => instrumentNode('', () => 1)],
  ['work', () => instrumentNode('fetch', undefined as never)],
])('a definition without %s throws at once, naming it', (field, define) => {
  expect(define).toThrow(TypeError);
  expect(define).toThrow(new RegExp(`^${field}\\b`));
});

test('a run without options is a run', async () => {
  const plain = graph() as { run(...args: unknown[]): Promise<unknown> };
  await expect(plain.run(undefined, () => 7)).resolves.toBe(7);
  await expect(plain.run({})).rejects.toThrow('second argument of run() must be a function');
});
