import * as langgraph from '@langchain/langgraph';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SpanStatusCode } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Conditions,
  defineFailureCondition,
  type FailureCondition,
  instrumentGraph,
  instrumentNode,
  LangGraphInstrumentation,
  type NodeContext,
  outputEmpty,
  type RunContext,
  recordUsage,
  useFailureConditions,
} from '../../../instrumentation/index.ts';
import { Recorder } from '../recorder.ts';

let recorder = new Recorder();
const detach: (() => void)[] = [];
new LangGraphInstrumentation({
  tracer: {
    startSpan: (...args) => recorder.tracer.startSpan(...args),
    startActiveSpan: () => {
      throw new Error('must not be used');
    },
  },
}).manuallyInstrument(langgraph);

beforeEach(() => {
  recorder = new Recorder();
});
afterEach(() => {
  for (const each of detach.splice(0)) each();
});

const body = { id: 'g', nodes: [{ id: 'a' }, { id: 'b' }], edges: [] };
const graphWith = (conditions?: Conditions) =>
  instrumentGraph({
    agentId: 'agent',
    graph: body,
    tracer: recorder.tracer,
    ...(conditions && { conditions }),
  });
const is = (name: string, output: unknown, more: object = {}): FailureCondition =>
  defineFailureCondition({ name, when: (context) => context.output === output, ...more });
/** A condition whose verdict the test gives. */
function late(name: string) {
  let resolve: (verdict: boolean) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<boolean>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  let signal: AbortSignal | undefined;
  const condition = defineFailureCondition({
    name,
    when: (context) => {
      signal = context.signal;
      return promise;
    },
  });
  return { condition, resolve, reject, aborted: () => signal?.aborted };
}
const evidence = (nodeId: string) =>
  JSON.parse(String(recorder.attempts(nodeId)[0]!.attributes['failure.evidence']));
const checks = () => recorder.spans.filter(({ name }) => name.startsWith('check_condition '));
const outcome = () => recorder.run().attributes['graph.run.outcome'];

describe('after a node', () => {
  test('only what fires is a failure, and the value goes through as it is', async () => {
    const value = { text: '' };
    const condition = defineFailureCondition({
      name: 'no_text',
      class: 'output.silent',
      severity: 'minor',
      message: 'there is no text',
      hint: 'Ask again.',
      when: ({ output }) => (output as typeof value).text === '' && { email: 'jo@example.com' },
    });
    const graph = graphWith({ nodes: [condition] });
    const given = await graph.run({}, async (run) => {
      await run.node('a', {}, () => ({ text: 'fine' }));
      return await run.node('b', { input: 7 }, () => value);
    });
    expect(given).toBe(value);
    const [a] = recorder.attempts('a');
    expect(a!.status.code).toBe(SpanStatusCode.UNSET);
    const [b] = recorder.attempts('b');
    expect(b!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'there is no text' });
    expect(b!.attributes).toMatchObject({
      'error.type': 'no_text',
      'exception.message': 'there is no text',
      'exception.stacktrace': 'no_text: there is no text',
      'failure.condition': 'no_text',
      'failure.class': 'output.silent',
      'failure.severity': 'minor',
      'failure.site': 'node.result',
      'failure.disposition': 'degraded',
      'failure.input': '7',
      'failure.redactions': '{"email":1}',
    });
    expect(evidence('b')).toEqual({
      found: { email: '[redacted:email]' },
      hint: 'Ask again.',
      output: { text: '' },
    });
    expect(outcome()).toBe('degraded');
  });

  test('a synchronous wrapped node stays synchronous, and its own conditions are asked too', async () => {
    const answer = instrumentNode('a', (word: string) => word, { conditions: [is('is_no', 'no')] });
    await graphWith().run({}, () => {
      expect(answer('no')).toBe('no');
      expect(answer('yes')).toBe('yes');
    });
    const attempts = recorder.attempts('a').map(({ attributes }) => attributes);
    expect(attempts.map((each) => each['failure.condition'])).toEqual(['is_no', undefined]);
    // The executor saw no failure, so that what comes next is no retry.
    expect(attempts.map((each) => each['graph.node.visit'])).toEqual([1, 2]);
    expect(attempts.map((each) => each['graph.node.attempt'])).toEqual([1, 1]);
  });

  test('the worst that fires is reported, the others stand beside it', async () => {
    const soft = is('soft', 1, { severity: 'warning' });
    const hard = is('hard', 1, { severity: 'critical', class: 'constraint.hard' });
    const waiting = late('waiting');
    const graph = graphWith({ nodes: [soft, waiting.condition], node: { a: [hard, soft] } });
    await graph.run({}, (run) => run.node('a', {}, () => 1));
    expect(recorder.attempts('a')[0]!.attributes['failure.condition']).toBe('hard');
    expect(evidence('a')).toEqual({
      also: [{ condition: 'soft', class: 'unclassified', severity: 'warning' }],
      undecided: ['waiting'],
      output: 1,
    });
    expect(waiting.aborted()).toBe(true);
    waiting.reject(new Error('nobody waits'));
  });

  test('a late verdict holds the spans up, not the app, and counts until the time is over', async () => {
    const waiting = late('waiting');
    const graph = graphWith({ nodes: [waiting.condition], timeoutMs: 60_000 });
    expect(await graph.run({}, (run) => run.node('a', {}, () => 'now'))).toBe('now');
    expect(recorder.spans.map(({ name }) => name)).toEqual(['start_graph g']);
    waiting.resolve(true);
    await expect.poll(() => recorder.spans.length).toBe(3);
    const [a] = recorder.attempts('a');
    expect(a!.attributes['failure.condition']).toBe('waiting');
    expect(outcome()).toBe('degraded');
  });

  test('a condition that takes too long or throws is reported by itself and fails no node', async () => {
    const slow = defineFailureCondition({ name: 'slow', when: () => new Promise(() => {}) });
    const broken = defineFailureCondition({
      name: 'broken',
      when: () => {
        throw new RangeError('my fault');
      },
    });
    const rejecting = defineFailureCondition({
      name: 'rejecting',
      when: () => Promise.reject(new Error('theirs')),
    });
    const graph = graphWith({ nodes: [slow, broken, rejecting], timeoutMs: 500 });
    await graph.run({}, (run) => run.node('a', {}, () => 1));
    await graph.run({}, (run) => run.node('a', {}, () => 1));
    const runs = () => recorder.spans.filter(({ name }) => name === 'execute_graph g');
    await expect.poll(() => runs().length).toBe(2);
    expect(runs().map(({ attributes }) => attributes['graph.run.outcome'])).toEqual([
      'success',
      'success',
    ]);
    expect(recorder.attempts().every(({ status }) => status.code === SpanStatusCode.UNSET)).toBe(
      true,
    );
    // Once, however often it breaks.
    const told = checks().map(({ attributes }) => [
      attributes['failure.condition'],
      attributes['exception.type'],
      attributes['failure.class'],
      attributes['graph.node.id'],
    ]);
    expect(told).toEqual([
      ['broken', 'RangeError', 'code.error', undefined],
      ['rejecting', 'Error', 'code.error', undefined],
      ['slow', 'ConditionTimeout', 'config.error', undefined],
    ]);
    const first = recorder.attempts('a')[0]!.spanContext().spanId;
    expect(checks()[0]!.parentSpanContext?.spanId).toBe(first);
  });

  test('hostile outputs and verdicts get nowhere near the app', async () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('closed');
        },
      },
    );
    const verdict = defineFailureCondition({ name: 'hostile', when: () => hostile as never });
    const graph = graphWith({ nodes: [verdict, outputEmpty()] });
    const given = await graph.run({}, (run) => run.node('a', {}, () => [hostile]));
    expect(given[0] === hostile).toBe(true);
    expect(recorder.attempts('a')[0]!.attributes['failure.condition']).toBe('hostile');
  });

  test('it knows what the node got and gave before, and what was used up', async () => {
    const seen: NodeContext[] = [];
    const watching = defineFailureCondition({
      name: 'watching',
      history: 2,
      when: (context) => {
        seen.push(context);
        return false;
      },
    });
    const graph = graphWith({ node: { a: [watching] } });
    await graph.run({ sessionId: 's', runId: 'r' }, async (run) => {
      for (const output of [1, 2, 3, 4]) {
        await run.node('a', { input: -output, maxAttempts: 2 }, async () => {
          recordUsage({ inputTokens: 10, cost: 0.5 });
          recordUsage({ outputTokens: 1, toolCalls: Number.NaN });
          return output;
        });
      }
    });
    expect(seen).toHaveLength(4);
    expect(seen[3]).toMatchObject({
      nodeId: 'a',
      attempt: 1,
      maxAttempts: 2,
      visit: 4,
      input: -4,
      output: 4,
      earlier: [
        { attempt: 1, visit: 2, output: 2 },
        { attempt: 1, visit: 3, output: 3 },
      ],
      usage: { inputTokens: 10, outputTokens: 1, cost: 0.5, toolCalls: 0 },
      run: {
        agentId: 'agent',
        graphId: 'g',
        runId: 'r',
        sessionId: 's',
        steps: 4,
        usage: { inputTokens: 40, outputTokens: 4, cost: 2, toolCalls: 0 },
      },
    });
  });

  test('a large output is shown by its start, redacted before it is cut', async () => {
    const text = `${'ab '.repeat(681)}jo@example.com`;
    const graph = graphWith({ nodes: [is('large', text, { hint: 'Shorter.' })] });
    await graph.run({}, (run) => run.node('a', {}, () => text));
    const told = evidence('a');
    expect(told.hint).toBe('Shorter.');
    expect(told.output).toHaveLength(2048);
    expect(told.output).not.toContain('jo@');
    expect(recorder.attempts('a')[0]!.attributes['failure.truncated']).toEqual([
      'failure.evidence',
    ]);
  });
});

describe('after a run', () => {
  const unsure = defineFailureCondition<RunContext>({
    name: 'unsure',
    class: 'judge.rejected',
    when: ({ output, failures }) => output === 'maybe' && { failures },
  });

  test('the run fails, and reports its own failure', async () => {
    const graph = graphWith({ nodes: [is('is_one', 1)], run: [unsure, outputEmpty()] });
    await graph.run({}, async (run) => {
      await run.node('a', {}, () => 1);
      return 'maybe';
    });
    expect(recorder.run().attributes).toMatchObject({
      'graph.run.outcome': 'failure',
      'failure.condition': 'unsure',
      'failure.site': 'run',
      'failure.severity': 'major',
      'error.type': 'unsure',
      'failure.evidence': '{"found":{"failures":1},"output":"maybe"}',
    });
  });

  test('one that is paused is not asked', async () => {
    await graphWith({ run: [outputEmpty()] }).run({}, (run) => run.outcome('paused'));
    expect(outcome()).toBe('paused');
    expect(recorder.run().attributes['failure.condition']).toBeUndefined();
  });
});

describe('attached for the process', () => {
  const State = Annotation.Root({ answer: Annotation<string>() });
  const desk = (node: () => { answer: string }) =>
    new StateGraph(State)
      .addNode('think', () => ({ answer: 'hm' }))
      .addNode('reply', node)
      .addEdge(START, 'think')
      .addEdge('think', 'reply')
      .addEdge('reply', END)
      .compile({ name: 'desk' });

  test('LangGraph: by node, and for the run', async () => {
    const hm = defineFailureCondition<RunContext>({
      name: 'run_is_empty',
      severity: 'minor',
      when: ({ output }) => (output as { answer: string }).answer === '',
    });
    detach.push(useFailureConditions({ node: { reply: [outputEmpty()] }, run: [hm] }));
    expect(await desk(() => ({ answer: '' })).invoke({ answer: 'q' })).toEqual({ answer: '' });
    expect(recorder.attempts('think')[0]!.status.code).toBe(SpanStatusCode.UNSET);
    expect(recorder.attempts('reply')[0]!.attributes).toMatchObject({
      'failure.condition': 'output_empty',
      'failure.class': 'output.silent',
      'failure.disposition': 'degraded',
      'failure.input': '{"answer":"hm"}',
    });
    expect(recorder.run().attributes).toMatchObject({
      'graph.run.outcome': 'degraded',
      'failure.condition': 'run_is_empty',
    });
  });

  test('LangGraph: a verdict that comes after the graph went on', async () => {
    const waiting = late('waiting');
    detach.push(useFailureConditions({ node: { think: [waiting.condition] }, timeoutMs: 60_000 }));
    await desk(() => ({ answer: 'yes' })).invoke({ answer: 'q' });
    expect(recorder.spans.some(({ name }) => name === 'execute_graph desk')).toBe(false);
    waiting.resolve(true);
    await expect
      .poll(() => recorder.spans.some(({ name }) => name === 'execute_graph desk'))
      .toBe(true);
    expect(recorder.attempts('think')[0]!.attributes['failure.condition']).toBe('waiting');
    expect(recorder.attempts('reply')[0]!.status.code).toBe(SpanStatusCode.UNSET);
    expect(outcome()).toBe('degraded');
  });

  test('only where it is meant, and no longer than it is attached', async () => {
    useFailureConditions([is('for_all', 1)])();
    detach.push(useFailureConditions([is('others', 1)], { agentId: 'other' }));
    detach.push(useFailureConditions([is('mine', 1)], { agentId: 'agent', graphId: 'g' }));
    await graphWith().run({}, (run) => run.node('a', {}, () => 1));
    expect(recorder.attempts('a')[0]!.attributes['failure.condition']).toBe('mine');
    expect(evidence('a')).toEqual({ output: 1 });
  });
});

test.each([
  ['name', { name: '9 lives' }, /name .*"9 lives"/],
  ['when', { when: 'always' }, /when of ok must be a function/],
  ['class', { class: 'odd' }, /class of ok .*output\.silent.*"odd"/],
  ['severity', { severity: 'fatal' }, /severity of ok .*critical, major/],
  ['site', { site: 'moon' }, /site of ok/],
  ['hint', { hint: 'x'.repeat(501) }, /hint of ok .*500/],
  ['message', { message: '' }, /message of ok/],
  ['history', { history: 51 }, /history of ok .*0 to 50/],
])('a wrong %s is refused by its name', (_field, wrong, message) => {
  const options = { name: 'ok', when: () => true, ...wrong } as never;
  expect(() => defineFailureCondition(options)).toThrow(message);
});

test('what is no condition is refused where it stands', () => {
  const made = [is('fine', 1), { when: () => true }] as never;
  expect(() => useFailureConditions(made)).toThrow(/nodes\[1\] must be made by/);
  expect(() => useFailureConditions({ node: { a: made } })).toThrow(/node\.a\[1\]/);
  expect(() => useFailureConditions({ timeoutMs: 0 })).toThrow(/timeoutMs .*1 to 60000.*0/);
});
