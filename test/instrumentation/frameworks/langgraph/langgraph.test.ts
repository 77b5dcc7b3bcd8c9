import * as langgraph from '@langchain/langgraph';
import {
  Annotation,
  Command,
  END,
  entrypoint,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
  task,
} from '@langchain/langgraph';
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, test } from 'vitest';
import { LangGraphInstrumentation, langGraphSnapshot } from '../../../../instrumentation/index.ts';
import { Recorder } from '../../recorder.ts';

let recorder = new Recorder();
// One wrap for the process; each test looks through the recorder of its own.
const tracer: Tracer = {
  startSpan: (...args) => recorder.tracer.startSpan(...args),
  startActiveSpan: () => {
    throw new Error('must not be used');
  },
};
new LangGraphInstrumentation({ tracer }).manuallyInstrument(langgraph);
beforeEach(() => {
  recorder = new Recorder();
});

const State = Annotation.Root({
  value: Annotation<unknown>(),
  log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
});
const retryPolicy = { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false };
const say = (word: string) => () => ({ log: [word] });

function failing(times: number, error: () => unknown) {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls <= times) throw error();
    return { log: ['fine'] };
  };
}

function told(span: ReadableSpan | undefined) {
  const { attributes } = span!;
  return {
    attempt: attributes['graph.node.attempt'],
    failed: span!.status.code === SpanStatusCode.ERROR,
    disposition: attributes['failure.disposition'],
    type: attributes['exception.type'],
  };
}

const outcome = () => recorder.run().attributes['graph.run.outcome'];

test('a good run: every node once, with session, run and agent', async () => {
  const graph = new StateGraph(State)
    .addNode('a', say('a'))
    .addNode('b', say('b'))
    .addEdge(START, 'a')
    .addEdge('a', 'b')
    .addEdge('b', END)
    .compile({ name: 'agent-x' });
  const result = await graph.invoke({ value: 1 }, { configurable: { thread_id: 't1' } });
  expect(result.log).toEqual(['a', 'b']);
  const run = recorder.run();
  expect(run.attributes).toMatchObject({
    'gen_ai.agent.id': 'agent-x',
    'gen_ai.agent.name': 'agent-x',
    'gen_ai.conversation.id': 't1',
    'graph.id': 'agent-x',
    'graph.run.outcome': 'success',
    'graph.snapshot.ref': langGraphSnapshot(graph).ref,
  });
  expect(recorder.attempts().map(({ name }) => name)).toEqual(['execute_node a', 'execute_node b']);
  expect(recorder.attempts('a')[0]!.attributes).toMatchObject({
    'graph.node.type': 'function',
    'graph.node.attempt': 1,
    'graph.node.max_attempts': 1,
    'graph.node.visit': 1,
  });
  expect(recorder.attempts('a')[0]!.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
});

test('a node that fails once and recovers', async () => {
  const graph = new StateGraph(State)
    .addNode(
      'flaky',
      failing(1, () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
      {
        retryPolicy,
      },
    )
    .addEdge(START, 'flaky')
    .addEdge('flaky', END)
    .compile({ name: 'g' });
  await graph.invoke({ value: { order: 7 } });
  const [first, second] = recorder.attempts('flaky');
  expect(told(first)).toEqual({ attempt: 1, failed: true, disposition: 'retried', type: 'Error' });
  expect(first!.attributes).toMatchObject({
    'error.type': 'ECONNRESET',
    'graph.node.max_attempts': 3,
    'failure.input': '{"log":[],"value":{"order":7}}',
  });
  expect(told(second)).toMatchObject({ attempt: 2, failed: false, disposition: undefined });
  expect(second!.attributes['graph.node.visit']).toBe(1);
  expect(second!.links[0]!.context.spanId).toBe(first!.spanContext().spanId);
  expect(outcome()).toBe('success');
});

test('a node that fails for good: the same error object, reported once', async () => {
  const error = new TypeError('no total');
  const graph = new StateGraph(State)
    .addNode('a', say('a'))
    .addNode(
      'bad',
      failing(9, () => error),
      { retryPolicy },
    )
    .addEdge(START, 'a')
    .addEdge('a', 'bad')
    .addEdge('bad', END)
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toBe(error);
  expect(recorder.attempts('bad').map(told)).toEqual([
    { attempt: 1, failed: true, disposition: 'retried', type: 'TypeError' },
    { attempt: 2, failed: true, disposition: 'retried', type: 'TypeError' },
    { attempt: 3, failed: true, disposition: 'terminal', type: 'TypeError' },
  ]);
  const state = JSON.parse(String(recorder.attempts('bad')[0]!.attributes['failure.state']));
  expect(state).toMatchObject({ path: ['a', 'bad'], state_keys: ['log', 'value'] });
  const run = recorder.run();
  expect(run.attributes['graph.run.outcome']).toBe('failure');
  expect(run.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no total' });
  expect(run.attributes['exception.type']).toBeUndefined();
});

test('a retry that the policy refuses is terminal at its first attempt', async () => {
  const graph = new StateGraph(State)
    .addNode(
      'bad',
      failing(9, () => new Error('no')),
      {
        retryPolicy: { ...retryPolicy, retryOn: () => false },
      },
    )
    .addEdge(START, 'bad')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toThrow('no');
  expect(recorder.attempts('bad').map(told)).toMatchObject([{ disposition: 'terminal' }]);
});

test('a failure with an error handler is routed, and the run degraded', async () => {
  const graph = new StateGraph(State)
    .addNode(
      'bad',
      failing(9, () => new Error('no')),
      {
        errorHandler: () => new Command({ update: { log: ['handled'] } }),
      },
    )
    .addEdge(START, 'bad')
    .addEdge('bad', END)
    .compile({ name: 'g' });
  await graph.invoke({ value: 1 });
  expect(recorder.attempts('bad').map(told)).toMatchObject([{ disposition: 'routed' }]);
  expect(outcome()).toBe('degraded');
});

test('a node timeout is a failure of each attempt', async () => {
  const graph = new StateGraph(State)
    .addNode('slow', () => new Promise<never>(() => {}), {
      timeout: { runTimeout: 20 },
      retryPolicy: { ...retryPolicy, maxAttempts: 2 },
    })
    .addEdge(START, 'slow')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toThrow('run timeout');
  expect(recorder.attempts('slow').map(told)).toEqual([
    { attempt: 1, failed: true, disposition: 'retried', type: 'NodeTimeoutError' },
    { attempt: 2, failed: true, disposition: 'terminal', type: 'NodeTimeoutError' },
  ]);
});

describe('a time limit of the run', () => {
  const graphOf = (wait: (signal: AbortSignal | undefined) => Promise<unknown>) =>
    new StateGraph(State)
      .addNode('slow', async (_state, { signal }) => {
        await wait(signal);
        return {};
      })
      .addEdge(START, 'slow')
      .addEdge('slow', END)
      .compile({ name: 'g' });
  const limits = {
    timeout: (graph: ReturnType<typeof graphOf>) => graph.invoke({ value: 1 }, { timeout: 20 }),
    'a signal': (graph: ReturnType<typeof graphOf>) =>
      graph.invoke({ value: 1 }, { signal: AbortSignal.timeout(20) }),
    stepTimeout: (graph: ReturnType<typeof graphOf>) => {
      graph.stepTimeout = 20;
      return graph.invoke({ value: 1 });
    },
  };
  const waits = {
    'never comes back': () => new Promise(() => {}),
    'throws the reason': (signal: AbortSignal | undefined) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    'throws an AbortError of its own': (signal: AbortSignal | undefined) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('no', 'AbortError')));
      }),
  };

  test.each(
    Object.keys(limits).flatMap((limit) => Object.keys(waits).map((wait) => [limit, wait])),
  )('%s, at a node that %s', async (limit, wait) => {
    const graph = graphOf(waits[wait as keyof typeof waits]);
    await expect(limits[limit as keyof typeof limits](graph)).rejects.toThrow();
    await expect.poll(() => recorder.spans.at(-1)?.name).toBe('execute_graph g');
    const [slow] = recorder.attempts('slow');
    expect(told(slow)).toMatchObject({ disposition: 'terminal', type: 'TimeoutError' });
    expect(slow!.attributes).toMatchObject({
      'failure.class': 'budget.time',
      'failure.input': '{"log":[],"value":1}',
    });
    expect(recorder.spans.filter(({ attributes }) => attributes['exception.type'])).toHaveLength(1);
    expect(outcome()).toBe('failure');
  });

  test('that strikes several nodes at once is one failure, of the run', async () => {
    const graph = new StateGraph(State)
      .addNode('one', () => new Promise<never>(() => {}))
      .addNode('two', () => new Promise<never>(() => {}))
      .addEdge(START, 'one')
      .addEdge(START, 'two')
      .compile({ name: 'g' });
    await expect(graph.invoke({ value: 1 }, { timeout: 20 })).rejects.toThrow();
    expect(recorder.attempts().filter((span) => told(span).failed)).toEqual([]);
    expect(recorder.run().attributes).toMatchObject({
      'graph.run.outcome': 'failure',
      'exception.type': 'TimeoutError',
      'failure.evidence': '{"running":["one","two"]}',
    });
  });

  test('inside a subgraph is a failure of the inner node', async () => {
    const outer = new StateGraph(State)
      .addNode('sub', graphOf(waits['never comes back']))
      .addEdge(START, 'sub')
      .compile({ name: 'outer' });
    await expect(outer.invoke({ value: 1 }, { timeout: 20 })).rejects.toThrow();
    await expect.poll(() => recorder.spans.at(-1)?.name).toBe('execute_graph outer');
    expect(told(recorder.attempts('sub:slow')[0])).toMatchObject({ type: 'TimeoutError' });
    expect(told(recorder.attempts('sub')[0])).toMatchObject({ failed: true, type: undefined });
  });
});

describe('no failure', () => {
  test('an interrupt, and the run that resumes', async () => {
    const graph = new StateGraph(State)
      .addNode('ask', () => ({ value: interrupt('sure?') }))
      .addEdge(START, 'ask')
      .addEdge('ask', END)
      .compile({ name: 'g', checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: 't' } };
    await graph.invoke({ value: 1 }, config);
    expect(recorder.attempts().map(told)).toMatchObject([{ failed: false }]);
    expect(outcome()).toBe('paused');
    expect(recorder.run().status.code).toBe(SpanStatusCode.UNSET);
    recorder.clear();
    await graph.invoke(new Command({ resume: 'yes' }), config);
    expect(outcome()).toBe('success');
  });

  test('a breakpoint', async () => {
    const graph = new StateGraph(State)
      .addNode('a', say('a'))
      .addEdge(START, 'a')
      .compile({ name: 'g', checkpointer: new MemorySaver(), interruptBefore: ['a'] });
    await graph.invoke({ value: 1 }, { configurable: { thread_id: 't' } });
    expect(outcome()).toBe('paused');
    expect(recorder.attempts()).toEqual([]);
  });

  test('a cancel by the caller', async () => {
    const controller = new AbortController();
    const graph = new StateGraph(State)
      .addNode('wait', async (_state, { signal }) => {
        setImmediate(() => controller.abort());
        await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
        });
        return {};
      })
      .addEdge(START, 'wait')
      .compile({ name: 'g' });
    await expect(graph.invoke({ value: 1 }, { signal: controller.signal })).rejects.toThrow();
    await expect.poll(() => recorder.attempts().length).toBe(1);
    expect(recorder.attempts().map(told)).toMatchObject([{ failed: false }]);
    expect(outcome()).toBe('cancelled');
  });

  test('a command that leaves a subgraph for its parent', async () => {
    const inner = new StateGraph(State)
      .addNode('leave', () => new Command({ goto: 'after', graph: Command.PARENT }))
      .addEdge(START, 'leave')
      .compile({ name: 'inner' });
    const graph = new StateGraph(State)
      .addNode('sub', inner, { ends: ['after'] })
      .addNode('after', say('after'))
      .addEdge(START, 'sub')
      .compile({ name: 'g' });
    expect((await graph.invoke({ value: 1 })).log).toEqual(['after']);
    expect(recorder.attempts().every((span) => !told(span).failed)).toBe(true);
    expect(outcome()).toBe('success');
  });
});

test('of parallel branches only the one that failed by itself is a failure', async () => {
  const graph = new StateGraph(State)
    .addNode(
      'bad',
      failing(9, () => new Error('broken branch')),
    )
    .addNode('sibling', async (_state, { signal }) => {
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
      return {};
    })
    .addNode('good', say('good'))
    .addEdge(START, 'bad')
    .addEdge(START, 'sibling')
    .addEdge(START, 'good')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toThrow('broken branch');
  const failed = recorder.attempts().filter((span) => told(span).failed);
  expect(failed.map(({ name }) => name)).toEqual(['execute_node bad']);
  expect(recorder.attempts()).toHaveLength(3);
  expect(outcome()).toBe('failure');
});

test('two branches that fail are two failures, and their AggregateError none', async () => {
  const graph = new StateGraph(State)
    .addNode(
      'one',
      failing(9, () => new Error('1')),
    )
    .addNode(
      'two',
      failing(9, () => new Error('2')),
    )
    .addEdge(START, 'one')
    .addEdge(START, 'two')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toThrow();
  expect(recorder.attempts().filter((span) => told(span).type)).toHaveLength(2);
  expect(recorder.run().attributes['exception.type']).toBeUndefined();
});

describe('subgraphs', () => {
  const build = (bad: () => object, policy?: typeof retryPolicy) => {
    const inner = new StateGraph(State)
      .addNode('first', say('first'))
      .addNode('bad', bad)
      .addEdge(START, 'first')
      .addEdge('first', 'bad')
      .compile({ name: 'inner' });
    return new StateGraph(State)
      .addNode('sub', inner, policy && { retryPolicy: policy })
      .addEdge(START, 'sub')
      .compile({ name: 'outer' });
  };

  test('their nodes are attempts of the same run, under the node around them', async () => {
    const error = new RangeError('inner');
    await expect(build(failing(9, () => error)).invoke({ value: 1 })).rejects.toBe(error);
    const [outer] = recorder.attempts('sub');
    const [bad] = recorder.attempts('sub:bad');
    expect(told(bad)).toMatchObject({ disposition: 'terminal', type: 'RangeError' });
    expect(bad!.parentSpanContext?.spanId).toBe(outer!.spanContext().spanId);
    expect(told(outer)).toMatchObject({ failed: true, disposition: undefined, type: undefined });
    expect(outer!.attributes['graph.node.type']).toBe('subgraph');
    expect(recorder.attempts('sub:first')).toHaveLength(1);
    expect(outcome()).toBe('failure');
  });

  test('a failure inside is retried if the node around it is', async () => {
    await build(
      failing(1, () => new Error('once')),
      retryPolicy,
    ).invoke({ value: 1 });
    const inner = recorder.attempts('sub:bad');
    expect(inner.map((span) => told(span).disposition)).toEqual(['retried', undefined]);
    expect(outcome()).toBe('success');
  });

  test('a failure two graphs down ends as the outermost node does', async () => {
    const error = new Error('deep');
    const graph = new StateGraph(State)
      .addNode('top', build(failing(9, () => error)))
      .addEdge(START, 'top')
      .compile({ name: 'top' });
    await expect(graph.invoke({ value: 1 })).rejects.toBe(error);
    expect(told(recorder.attempts('top:sub:bad')[0])).toMatchObject({ disposition: 'terminal' });
    const tellers = recorder.attempts().filter((span) => told(span).type);
    expect(tellers).toHaveLength(1);
    expect(recorder.spans.at(-1)).toBe(recorder.run());
  });

  test('a failure inside that the node around it catches is recovered', async () => {
    const inner = new StateGraph(State)
      .addNode(
        'bad',
        failing(9, () => new Error('caught')),
      )
      .addEdge(START, 'bad')
      .compile({ name: 'inner' });
    const graph = new StateGraph(State)
      .addNode('caller', async (state) => {
        await inner.invoke(state).catch(() => {});
        return {};
      })
      .addEdge(START, 'caller')
      .compile({ name: 'g' });
    await graph.invoke({ value: 1 });
    expect(told(recorder.attempts('caller:bad')[0])).toMatchObject({ disposition: 'recovered' });
    expect(outcome()).toBe('success');
  });
});

test('the step budget truncates the run', async () => {
  const graph = new StateGraph(State)
    .addNode('again', say('x'))
    .addEdge(START, 'again')
    .addConditionalEdges('again', () => 'again', ['again'])
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 }, { recursionLimit: 3 })).rejects.toThrow(
    'Recursion limit',
  );
  expect(recorder.run().attributes).toMatchObject({
    'graph.run.outcome': 'truncated',
    'failure.site': 'run',
    'failure.class': 'graph.step_budget',
    'exception.type': 'GraphRecursionError',
  });
  expect(
    recorder.attempts('again').map(({ attributes }) => attributes['graph.node.visit']),
  ).toEqual([1, 2, 3]);
});

test.each([START, 'a'] as const)(
  'a condition that throws after %s is a routing failure',
  async (source) => {
    const graph = new StateGraph(State)
      .addNode('a', say('a'))
      .addNode('b', say('b'))
      .addEdge(START, source === START ? 'b' : 'a')
      .addConditionalEdges(source, () => {
        throw new Error('cannot decide');
      }, ['a', 'b'])
      .compile({ name: 'g' });
    await expect(graph.invoke({ value: 1 })).rejects.toThrow('cannot decide');
    const failed = recorder.attempts().filter((span) => told(span).failed);
    expect(failed.map(({ name, attributes }) => [name, attributes['failure.site']])).toEqual([
      [`execute_node ${source}`, 'graph.route'],
    ]);
  },
);

test('a node that returns what is no update fails at its result', async () => {
  const graph = new StateGraph(State)
    .addNode('bad', () => 'no update' as never)
    .addEdge(START, 'bad')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: 1 })).rejects.toThrow();
  expect(recorder.attempts('bad')[0]!.attributes['failure.site']).toBe('node.result');
});

test('the functional API: a task is a node inside its entrypoint', async () => {
  const double = task(
    { name: 'double', retry: retryPolicy },
    failing(1, () => new Error('t')),
  );
  const flow = entrypoint({ name: 'flow' }, async () => await double());
  await flow.invoke(1);
  expect(recorder.attempts('double').map((span) => told(span).disposition)).toEqual([
    'retried',
    undefined,
  ]);
  expect(recorder.run().attributes['graph.id']).toBe('flow');
});

test('a task that fails is reported once, also where its entrypoint fails with it', async () => {
  const error = new Error('lost');
  const bad = task('bad', () => Promise.reject(error));
  const flow = entrypoint({ name: 'flow' }, async () => await bad());
  await expect(flow.invoke(1)).rejects.toBe(error);
  expect(told(recorder.attempts('bad')[0])).toMatchObject({ disposition: 'terminal' });
  // LangGraph stops the entrypoint as soon as its task has failed.
  expect(recorder.attempts('flow').map(told)).toMatchObject([{ type: undefined }]);
});

test('a stream that its reader leaves is cancelled', async () => {
  const graph = new StateGraph(State)
    .addNode('again', say('x'))
    .addEdge(START, 'again')
    .addConditionalEdges('again', () => 'again', ['again'])
    .compile({ name: 'g' });
  for await (const _chunk of await graph.stream({ value: 1 }, { recursionLimit: 1000 })) break;
  await expect.poll(() => recorder.spans.some(({ name }) => name === 'execute_graph g')).toBe(true);
  expect(outcome()).toBe('cancelled');
});

test('a hostile input breaks nothing', async () => {
  const hostile: Record<string, unknown> = { big: 1n, text: 'x'.repeat(1_000_000) };
  hostile.self = hostile;
  Object.defineProperty(hostile, 'broken', {
    enumerable: true,
    get() {
      throw new Error('getter');
    },
  });
  const error = new Error('plain');
  const graph = new StateGraph(State)
    .addNode(
      'bad',
      failing(1, () => error),
    )
    .addEdge(START, 'bad')
    .compile({ name: 'g' });
  await expect(graph.invoke({ value: hostile })).rejects.toBe(error);
  const { attributes } = recorder.attempts('bad')[0]!;
  expect(String(attributes['failure.input'])).toContain(
    '"big":"1n","broken":"[unreadable: getter]"',
  );
  expect(attributes['failure.truncated']).toEqual(['failure.input']);
});

describe('snapshot', () => {
  const build = (work: () => object, edge: 'b' | typeof END = 'b', name = 'g') =>
    new StateGraph(State)
      .addNode('a', work, { retryPolicy })
      .addNode('b', say('b'))
      .addEdge(START, 'a')
      .addConditionalEdges('a', () => edge, ['b', END])
      .addEdge('b', END)
      .compile({ name });

  test('has the known shape', () => {
    const body = JSON.parse(langGraphSnapshot(build(say('a'))).body);
    expect(body).toMatchObject({
      id: 'g',
      entry: 'a',
      terminals: ['a', 'b'],
      nodes: [
        { id: 'a', type: 'function', retry_policy: { maxAttempts: 3 } },
        { id: 'b', type: 'function' },
      ],
    });
    expect(body.nodes[0].code).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(body.edges).toContainEqual({ source: 'b', target: END });
    expect(body.edges.filter((edge: { condition?: string }) => edge.condition)).toHaveLength(2);
  });

  test('is the same for the same graph and another for a changed one', () => {
    const { ref } = langGraphSnapshot(build(() => ({ log: ['one'] })));
    expect(langGraphSnapshot(build(() => ({ log: ['one'] }))).ref).toBe(ref);
    expect(langGraphSnapshot(build(() => ({ log: ['two'] }))).ref).not.toBe(ref);
    expect(langGraphSnapshot(build(() => ({ log: ['one'] }), 'b', 'h')).ref).not.toBe(ref);
  });

  test('of a graph with a changed subgraph is another', () => {
    const nest = (work: () => object) =>
      new StateGraph(State)
        .addNode('sub', build(work))
        .addEdge(START, 'sub')
        .compile({ name: 'outer' });
    const one = langGraphSnapshot(nest(() => ({ log: ['one'] })));
    const two = langGraphSnapshot(nest(() => ({ log: ['two'] })));
    expect(one.ref).not.toBe(two.ref);
    expect(
      JSON.parse(one.body).nodes[0].subgraph.nodes.map(({ id }: { id: string }) => id),
    ).toEqual(['a', 'b']);
  });

  test('of what is no graph is given all the same', () => {
    expect(langGraphSnapshot({}).ref).toMatch(/^sha256:/);
  });
});
