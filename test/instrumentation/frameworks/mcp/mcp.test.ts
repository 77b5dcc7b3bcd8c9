// MCP servers and clients of both versions of the SDK, each side by itself, then a client inside a graph.
import type { Tracer } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instrumentGraph, McpInstrumentation } from '../../../../instrumentation/index.ts';
import { Recorder } from '../../recorder.ts';
import { type Caller, type Tools, VERSIONS, withTools } from './mcp-world.ts';

let recorder = new Recorder();
const tracer: Tracer = {
  startSpan: (...args) => recorder.tracer.startSpan(...args),
  startActiveSpan: () => {
    throw new Error('must not be used');
  },
};
const atServer = new McpInstrumentation({ tracer });
const atClient = new McpInstrumentation({ tracer });
for (const { servers, clients } of Object.values(VERSIONS)) {
  atServer.manuallyInstrument(...servers);
  atClient.manuallyInstrument(...clients);
}

describe.each(Object.entries(VERSIONS))('%s', (_, version) => {
  let server: Tools;
  let client: Caller;
  let answerSlowly = () => {};
  beforeEach(async () => {
    recorder = new Recorder();
    const slow = new Promise<void>((done) => {
      answerSlowly = done;
    });
    server = withTools(version.server(), slow);
    client = version.client();
    const [here, there] = version.pair();
    await Promise.all([server.connect(there), client.connect(here)]);
    recorder.clear();
  });
  afterEach(async () => {
    answerSlowly();
    atServer.enable();
    atClient.enable();
    await client.close();
  });

  const outcome = () => recorder.run().attributes['graph.run.outcome'];
  const id = { id: 'A-17' };

  describe('the server', () => {
    beforeEach(() => atClient.disable());

    test('a good call is a run of one node', async () => {
      const answer = await client.call({ name: 'find', arguments: id });
      expect(answer.content[0]!.text).toBe('order A-17');
      expect(recorder.attempts().map(({ name }) => name)).toEqual(['execute_node find']);
      expect(outcome()).toBe('success');
      expect(recorder.run().attributes['gen_ai.agent.id']).toBe('orders');
      const { attributes } = recorder.spans
        .flatMap(({ events }) => events)
        .find(({ name }) => name === 'graph.snapshot')!;
      const { nodes, ...graph } = JSON.parse(String(attributes!['graph.snapshot.body']));
      expect(graph).toMatchObject({ id: 'orders' });
      expect(nodes[1]).toEqual({
        id: 'total',
        type: 'tool',
        description: 'Sums up.',
        code: expect.stringMatching(/^sha256:/),
      });
    });

    test('a tool that throws: the error itself, and the model gets to know', async () => {
      const answer = await client.call({ name: 'total', arguments: id });
      expect(answer).toMatchObject({
        isError: true,
        content: [{ text: 'order A-17 has no total' }],
      });
      const [node] = recorder.attempts('total');
      expect(node!.attributes).toMatchObject({
        'exception.type': 'TypeError',
        'exception.message': 'order A-17 has no total',
        'exception.stacktrace': expect.stringContaining('mcp-world'),
        'failure.site': 'tool.call',
        'failure.disposition': 'routed',
        'failure.input': '{"id":"A-17"}',
        'graph.node.type': 'tool',
      });
      expect(outcome()).toBe('failure');
    });

    test.each([
      ['an answer that says error', 'refuse', id, 'the order is closed', undefined],
      [
        'arguments that do not fit',
        'find',
        { id: 7 },
        'Invalid arguments',
        'tool.invalid_arguments',
      ],
      ['a tool that is none', 'nope', id, 'nope not found', 'tool.not_found'],
    ])('%s', async (_, name, args, message, known) => {
      await client.call({ name, arguments: args }).catch(() => {});
      const [node] = recorder.attempts(name);
      expect(node!.attributes['exception.message']).toContain(message);
      expect(node!.attributes['failure.class']).toBe(known);
      expect(outcome()).toBe('failure');
    });

    test('a call that the client no longer waits for is cancelled', async () => {
      const leaving = new AbortController();
      const call = client.call({ name: 'slow', arguments: id }, { signal: leaving.signal });
      await expect.poll(() => recorder.spans.length).toBe(1);
      leaving.abort();
      await expect(call).rejects.toThrow();
      answerSlowly();
      await expect.poll(() => recorder.spans.length).toBe(3);
      expect(outcome()).toBe('cancelled');
      expect(recorder.attempts('slow')[0]!.status.code).toBe(0);
    });
  });

  describe('the client', () => {
    beforeEach(() => atServer.disable());

    test('a good call', async () => {
      await client.call({ name: 'find', arguments: id });
      expect(outcome()).toBe('success');
      expect(recorder.run().attributes['gen_ai.agent.id']).toBe('desk');
    });

    type Options = { signal?: () => AbortSignal; timeout?: number };
    type Case = [string, string, Options, string, string | undefined, string | undefined];
    test.each<Case>([
      ['a tool that throws', 'total', {}, 'order A-17 has no total', undefined, 'routed'],
      ['an answer that says error', 'refuse', {}, 'the order is closed', undefined, 'routed'],
      ['a tool that is none', 'nope', {}, 'nope not found', 'tool.not_found', undefined],
      ['no answer in time', 'slow', { timeout: 20 }, 'timed out', 'tool.timeout', 'terminal'],
      [
        "the caller's own time limit",
        'slow',
        { signal: () => AbortSignal.timeout(20) },
        'TimeoutError',
        'tool.timeout',
        'terminal',
      ],
    ])(
      '%s',
      async (_, name, {
        signal,
        ...options
      }: { signal?: () => AbortSignal }, message, known, end) => {
        const given = signal ? { ...options, signal: signal() } : options;
        await client.call({ name, arguments: id }, given).catch(() => {});
        const [node] = recorder.attempts(name);
        expect(node!.attributes['exception.message']).toContain(message);
        expect(node!.attributes['failure.class']).toBe(known);
        if (end) expect(node!.attributes['failure.disposition']).toBe(end);
        expect(outcome()).toBe('failure');
      },
    );

    test('a connection that closes', async () => {
      const call = client.call({ name: 'slow', arguments: id });
      await server.close();
      await expect(call).rejects.toThrow(/Connection closed|Not connected/);
      expect(recorder.attempts('slow')[0]!.attributes['failure.class']).toBe('network.error');
    });

    test('the caller aborts: no failure', async () => {
      const leaving = new AbortController();
      const call = client.call({ name: 'slow', arguments: id }, { signal: leaving.signal });
      leaving.abort();
      await expect(call).rejects.toThrow();
      expect(outcome()).toBe('cancelled');
    });
  });

  test('both in one process: one run', async () => {
    await client.call({ name: 'total', arguments: id });
    expect(recorder.run().attributes['gen_ai.agent.id']).toBe('desk');
    expect(recorder.attempts('total')[0]!.attributes['exception.type']).toBe('TypeError');
  });

  describe('inside a node', () => {
    const graph = instrumentGraph({ agentId: 'clerk', graph: { id: 'clerk' }, tracer });
    const inNode = (work: () => Promise<unknown>) =>
      graph.run({}, (run) => run.node('ask', {}, work)).catch(() => {});
    const operations = () => recorder.spans.filter(({ name }) => name.startsWith('execute_tool'));

    test('an answer that says error is a failed operation of the node', async () => {
      await inNode(() => client.call({ name: 'refuse', arguments: id }));
      expect(operations().map(({ attributes }) => attributes)).toMatchObject([
        {
          'gen_ai.agent.id': 'clerk',
          'graph.node.id': 'ask',
          'gen_ai.tool.name': 'refuse',
          'exception.message': 'the order is closed',
          'failure.disposition': 'routed',
          'failure.input': '{"id":"A-17"}',
        },
      ]);
      expect(recorder.attempts('ask')[0]!.status.code).toBe(0);
      expect(outcome()).toBe('success');
    });

    test('a node that fails by it is the only failure', async () => {
      await inNode(async () => {
        const { content } = await client.call({ name: 'refuse', arguments: id });
        throw new Error(`MCP: ${content[0]!.text}`);
      });
      expect(operations()).toEqual([]);
      expect(recorder.attempts('ask')[0]!.attributes['exception.message']).toBe(
        'MCP: the order is closed',
      );
    });

    test('a call that threw and was survived', async () => {
      await inNode(() =>
        client.call({ name: 'slow', arguments: id }, { timeout: 20 }).catch(() => 'late'),
      );
      expect(operations()[0]!.attributes).toMatchObject({
        'failure.class': 'tool.timeout',
        'failure.disposition': 'recovered',
      });
    });
  });
});
