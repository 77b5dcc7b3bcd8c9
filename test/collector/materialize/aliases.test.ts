// Spans as other people's instrumentations make them, from the request to the rows: which are node
// attempts, which are failures of what, and whose.
import { describe, expect, test } from 'vitest';
import { linkedRows } from '../../../collector/linking/linked-rows.ts';
import { TraceService } from '../../../collector/receive/traces.ts';
import type { Rows } from '../../../collector/rows/rows.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { encodeRequest } from '../decode/otlp-proto.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT = 3;

interface Told {
  name: string;
  id?: number;
  parent?: number;
  kind?: number;
  error?: string;
  attributes: Record<string, string | number | boolean>;
}

const spanId = (id: number): string => String(id).padStart(16, '0');

function value(of: string | number | boolean) {
  if (typeof of === 'string') return { stringValue: of };
  return typeof of === 'number' ? { intValue: of } : { boolValue: of };
}

async function rowsOf(spans: Told[]): Promise<Rows> {
  const bodyWith = (id: (hex: string) => unknown) => ({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'app' } }] },
        scopeSpans: [
          {
            scope: { name: 'instrumentation' },
            spans: spans.map(
              ({ name, id: number, parent, kind = 1, error, attributes }, index) => ({
                traceId: id(TRACE),
                spanId: id(spanId(number ?? index + 1)),
                ...(parent === undefined ? {} : { parentSpanId: id(spanId(parent)) }),
                name,
                kind,
                startTimeUnixNano: '1767225600000000000',
                endTimeUnixNano: '1767225601000000000',
                attributes: Object.entries(attributes).map(([key, of]) => ({
                  key,
                  value: value(of),
                })),
                status: error === undefined ? {} : { code: 2, message: error },
              }),
            ),
          },
        ],
      },
    ],
  });
  const asJson = new MemorySink();
  await new TraceService(asJson, 'agents', () => 0n).accept(
    Buffer.from(JSON.stringify(bodyWith((hex) => hex))),
    'json',
  );
  const asProtobuf = new MemorySink();
  await new TraceService(asProtobuf, 'agents', () => 0n).accept(
    encodeRequest(bodyWith((hex) => Buffer.from(hex, 'hex'))),
    'protobuf',
  );
  expect(asProtobuf.rows).toEqual(asJson.rows);
  return asJson.rows;
}

/**
 * What matters of the rows: linked attempts as node and outcome, failures as their spans alone report
 * them: level, node, agent, session.
 */
async function told(spans: Told[]) {
  const rows = await rowsOf(spans);
  const { failures } = rows;
  const { node_attempts } = linkedRows(rows);
  return {
    attempts: node_attempts.map(({ node_id, ok }) => [node_id, ok]),
    failures: failures.map((row) => [row.level, row.node_id, row.agent_id, row.session_id]),
  };
}

describe('Hive', () => {
  const run = {
    'hive.run_id': 'session_1',
    'hive.agent_id': 'lead',
    'hive.graph_id': 'leads',
    'hive.session_id': 'session_1',
  };
  const node = { ...run, 'hive.node_id': 'fetch', 'hive.node_type': 'event_loop' };

  test('run, node, model and tool', async () => {
    expect(
      await told([
        { name: 'hive.run', attributes: run },
        { name: 'node.fetch', parent: 1, error: 'no leads', attributes: node },
        {
          name: 'llm.gpt',
          parent: 2,
          error: 'overloaded',
          attributes: { ...node, 'hive.llm.model': 'gpt', 'gen_ai.system': 'openai' },
        },
        {
          name: 'tool.search',
          parent: 2,
          error: 'HTTP 500',
          attributes: { ...node, 'hive.tool.name': 'search', 'hive.tool.success': false },
        },
        { name: 'node.handle', parent: 1, attributes: { ...run, 'hive.node_id': 'handle' } },
      ]),
    ).toEqual({
      attempts: [
        ['fetch', false],
        ['handle', true],
      ],
      failures: [
        ['node', 'fetch', 'lead', 'session_1'],
        ['operation', 'fetch', 'lead', 'session_1'],
        ['operation', 'fetch', 'lead', 'session_1'],
      ],
    });
  });
});

describe('OpenInference', () => {
  const metadata = (node: string, more: object = {}): string =>
    JSON.stringify({
      thread_id: 'thread-7',
      langgraph_step: 2,
      langgraph_node: node,
      langgraph_triggers: ['branch:to:agent'],
      langgraph_checkpoint_ns: `${node}:7a1d`,
      ls_provider: 'openai',
      ...more,
    });
  const chain = (node: string) => ({
    'openinference.span.kind': 'CHAIN',
    'input.value': '{"q":1}',
    metadata: metadata(node),
  });

  test('LangGraph under LangChain: metadata goes down to all that runs in the node', async () => {
    const inside = { ...chain('agent'), 'openinference.span.kind': 'LLM' };
    expect(
      await told([
        { name: 'LangGraph', attributes: { 'openinference.span.kind': 'CHAIN' } },
        {
          name: 'agent',
          parent: 1,
          error: 'RateLimitError',
          attributes: { ...chain('agent'), 'openinference.span.kind': 'AGENT' },
        },
        {
          name: 'RunnableSequence',
          parent: 2,
          error: 'RateLimitError',
          attributes: chain('agent'),
        },
        { name: 'ChatOpenAI', parent: 3, error: 'RateLimitError', attributes: inside },
        { name: 'should_continue', parent: 2, attributes: chain('agent') },
        { name: 'tools', parent: 1, attributes: chain('tools') },
        {
          name: 'search',
          parent: 6,
          error: 'HTTP 500',
          attributes: {
            ...chain('tools'),
            'openinference.span.kind': 'TOOL',
            'tool.name': 'search',
          },
        },
      ]),
    ).toEqual({
      attempts: [
        ['agent', false],
        ['tools', true],
      ],
      failures: [
        ['node', 'agent', 'app', 'thread-7'],
        ['operation', 'agent', 'app', 'thread-7'],
        ['operation', 'agent', 'app', 'thread-7'],
        ['operation', 'tools', 'app', 'thread-7'],
      ],
    });
  });

  test("graph.node.id on an agent's and a tool's span", async () => {
    const agent = {
      'openinference.span.kind': 'AGENT',
      'agent.name': 'Researcher',
      'graph.node.id': 'research',
      'graph.node.parent_id': 'plan',
      'session.id': 's-1',
    };
    expect(
      await told([
        { name: 'research', error: 'gave up', attributes: agent },
        {
          name: 'fetch_page',
          parent: 1,
          error: '404',
          attributes: { 'openinference.span.kind': 'TOOL', 'session.id': 's-1' },
        },
      ]),
    ).toEqual({
      attempts: [['research', false]],
      failures: [
        ['graph', '', 'Researcher', 's-1'],
        ['operation', '', 'app', 's-1'],
      ],
    });
  });

  test('metadata of somebody else keeps nothing and breaks nothing', async () => {
    for (const text of [
      '{"customer":"7"}',
      '{"langgraph_node":',
      '[]',
      '"langgraph_node"',
      '{"langgraph_node":{}}',
    ]) {
      const rows = await told([{ name: 'GET /', attributes: { metadata: text } }]);
      expect(rows).toEqual({ attempts: [], failures: [] });
    }
    const failed = { name: 'GET /', error: 'x', attributes: { metadata: '{"customer":"7"}' } };
    expect(await told([failed])).toEqual({ attempts: [], failures: [] });
  });
});

test('LangGraph metadata as plain attributes', async () => {
  const metadata = { langgraph_node: 'plan', langgraph_step: 1, thread_id: 't-1' };
  expect(
    await told([
      { name: 'plan', error: 'x', attributes: metadata },
      {
        name: 'chat gpt',
        parent: 1,
        kind: CLIENT,
        error: 'x',
        attributes: { ...metadata, 'gen_ai.operation.name': 'chat' },
      },
    ]),
  ).toEqual({
    attempts: [['plan', false]],
    failures: [
      ['node', 'plan', 'app', 't-1'],
      ['operation', 'plan', 'app', 't-1'],
    ],
  });
});

describe('Traceloop', () => {
  const workflow = { 'traceloop.workflow.name': 'joke_flow' };

  test('decorators', async () => {
    expect(
      await told([
        {
          name: 'joke_flow.workflow',
          error: 'x',
          attributes: {
            ...workflow,
            'traceloop.span.kind': 'workflow',
            'traceloop.entity.name': 'joke_flow',
          },
        },
        {
          name: 'create_joke.task',
          parent: 1,
          error: 'x',
          attributes: {
            ...workflow,
            'traceloop.span.kind': 'task',
            'traceloop.entity.name': 'create_joke',
            'traceloop.entity.path': 'create_joke',
            'traceloop.association.properties.session_id': 's-9',
          },
        },
        {
          name: 'openai.chat',
          parent: 2,
          kind: CLIENT,
          error: 'x',
          attributes: { ...workflow, 'llm.request.type': 'chat', 'gen_ai.system': 'OpenAI' },
        },
        {
          name: 'lookup.tool',
          parent: 2,
          error: 'x',
          attributes: {
            ...workflow,
            'traceloop.span.kind': 'tool',
            'traceloop.entity.name': 'lookup',
          },
        },
      ]),
    ).toEqual({
      attempts: [['create_joke', false]],
      failures: [
        ['graph', '', 'joke_flow', ''],
        ['node', 'create_joke', 'app', 's-9'],
        ['operation', '', 'app', ''],
        ['operation', '', 'app', ''],
      ],
    });
  });

  test('LangGraph under LangChain: every chain is a task, one of them is the node', async () => {
    const inNode = {
      'traceloop.workflow.name': 'LangGraph',
      'traceloop.span.kind': 'task',
      'traceloop.association.properties.langgraph_node': 'agent',
      'traceloop.association.properties.thread_id': 't-2',
    };
    expect(
      await told([
        {
          name: 'agent.task',
          error: 'x',
          attributes: { ...inNode, 'traceloop.entity.name': 'agent' },
        },
        {
          name: 'RunnableSequence.task',
          parent: 1,
          error: 'x',
          attributes: { ...inNode, 'traceloop.entity.name': 'RunnableSequence' },
        },
        {
          name: 'should_continue.task',
          parent: 1,
          attributes: { ...inNode, 'traceloop.entity.name': 'should_continue' },
        },
      ]),
    ).toEqual({
      attempts: [['agent', false]],
      failures: [
        ['node', 'agent', 'app', 't-2'],
        ['operation', 'agent', 'app', 't-2'],
      ],
    });
  });
});

test('AI SDK 6: calls and tools are operations, and know what is around them', async () => {
  const common = {
    'ai.telemetry.functionId': 'plan-trip',
    'ai.telemetry.metadata.sessionId': 's-3',
    'ai.model.id': 'gpt',
    'ai.model.provider': 'openai.chat',
  };
  const rows = await rowsOf([
    {
      name: 'execute_node plan',
      attributes: { 'gen_ai.agent.id': 'trip', 'graph.node.id': 'plan' },
    },
    {
      name: 'ai.generateText',
      parent: 1,
      attributes: {
        ...common,
        'ai.operationId': 'ai.generateText',
        'operation.name': 'ai.generateText plan-trip',
      },
    },
    {
      name: 'ai.generateText.doGenerate',
      parent: 2,
      error: 'overloaded',
      attributes: {
        ...common,
        'ai.operationId': 'ai.generateText.doGenerate',
        'gen_ai.system': 'openai.chat',
        'gen_ai.request.model': 'gpt',
      },
    },
    {
      name: 'ai.toolCall',
      parent: 2,
      error: 'no seats',
      attributes: {
        ...common,
        'ai.operationId': 'ai.toolCall',
        'ai.toolCall.name': 'book',
        'ai.toolCall.id': 'call_1',
      },
    },
  ]);
  expect(rows.node_attempts.map(({ node_id, ok }) => [node_id, ok])).toEqual([['plan', true]]);
  expect(rows.failures).toMatchObject(
    [1, 2].map(() => ({
      level: 'operation',
      node_id: '',
      session_id: 's-3',
      ancestor_span_ids: [spanId(2), spanId(1)],
    })),
  );
});

test('gen_ai: agents are of level graph, calls and tools are operations', async () => {
  const agent = { 'gen_ai.agent.id': 'a-1', 'gen_ai.conversation.id': 'c-1' };
  expect(
    await told([
      {
        name: 'invoke_agent Planner',
        error: 'x',
        attributes: { ...agent, 'gen_ai.operation.name': 'invoke_agent' },
      },
      {
        name: 'execute_tool search',
        parent: 1,
        error: 'x',
        attributes: {
          ...agent,
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': 'search',
        },
      },
      {
        name: 'chat gpt',
        parent: 1,
        kind: CLIENT,
        error: 'x',
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' },
      },
      { name: 'embeddings m', parent: 1, attributes: { 'gen_ai.operation.name': 'embeddings' } },
    ]),
  ).toEqual({
    attempts: [],
    failures: [
      ['graph', '', 'a-1', 'c-1'],
      ['operation', '', 'app', 'c-1'],
      ['operation', '', 'app', ''],
    ],
  });
});
