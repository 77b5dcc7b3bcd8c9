// Agents of LangChain 1.x and ready-made nodes of LangGraph: calls that failed and were handled.
import * as models from '@langchain/core/language_models/chat_models';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import * as tools from '@langchain/core/tools';
import { tool } from '@langchain/core/tools';
import * as callers from '@langchain/core/utils/async_caller';
import * as langgraph from '@langchain/langgraph';
import {
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from '@langchain/langgraph';
import { createReactAgent, ToolNode } from '@langchain/langgraph/prebuilt';
import type { Tracer } from '@opentelemetry/api';
import {
  type AgentMiddleware,
  createAgent,
  humanInTheLoopMiddleware,
  modelCallLimitMiddleware,
  modelRetryMiddleware,
  toolStrategy,
} from 'langchain';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  LangChainInstrumentation,
  LangGraphInstrumentation,
} from '../../../../instrumentation/index.ts';
import { Recorder } from '../../recorder.ts';

let recorder = new Recorder();
const tracer: Tracer = {
  startSpan: (...args) => recorder.tracer.startSpan(...args),
  startActiveSpan: () => {
    throw new Error('must not be used');
  },
};
new LangGraphInstrumentation({ tracer }).manuallyInstrument(langgraph);
new LangChainInstrumentation().manuallyInstrument(tools, models, callers);
beforeEach(() => {
  recorder = new Recorder();
});

const call = (name: string, args: Record<string, unknown>, id = 'c1') => ({
  name,
  args,
  id,
  type: 'tool_call' as const,
});
const asking = (...calls: ReturnType<typeof call>[]) =>
  new AIMessage({ content: '', tool_calls: calls });

/** A model that answers from a list, the last answer again and again; errors are thrown. */
class Scripted extends BaseChatModel {
  readonly model = 'scripted-1';
  #answers: (AIMessage | Error)[];
  constructor(...answers: (AIMessage | Error)[]) {
    super({ maxRetries: 0 });
    this.#answers = answers;
  }
  _llmType() {
    return 'scripted';
  }
  override bindTools() {
    return this as never;
  }
  async _generate() {
    return await this.caller.call(async () => {
      const message = this.#answers.length > 1 ? this.#answers.shift()! : this.#answers[0]!;
      if (message instanceof Error) throw message;
      return { generations: [{ text: '', message }] };
    });
  }
}

/** What a provider answers, as OpenAI's client throws it. */
const refused = (status: number, message: string) => Object.assign(new Error(message), { status });

const lookup = tool(
  async ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
  { name: 'lookup', description: 'looks up', schema: z.object({ id: z.string() }) },
);
const fine = tool(async () => 'fine', {
  name: 'fine',
  description: 'works',
  schema: z.object({ id: z.string() }),
});

const operations = () =>
  recorder.spans
    .filter(({ name }) => /^(?:execute_tool|chat)\b/.test(name))
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({ name, attributes }) => ({
      name,
      node: attributes['graph.node.id'],
      disposition: attributes['failure.disposition'],
      class: attributes['failure.class'],
      type: attributes['exception.type'],
      message: attributes['exception.message'],
      input: attributes['failure.input'],
    }));
const outcome = () => recorder.run().attributes['graph.run.outcome'];
const ask = { messages: [new HumanMessage('x')] };

const agents = {
  createAgent: (model: BaseChatModel) =>
    createAgent({ model, tools: [lookup, fine], name: 'agent' }),
  createReactAgent: (llm: BaseChatModel) =>
    createReactAgent({ llm, tools: [lookup, fine], name: 'agent' }),
} as const;

describe.each(['createAgent', 'createReactAgent'] as const)('%s', (maker) => {
  const run = (...answers: AIMessage[]) =>
    agents[maker](new Scripted(...answers)).invoke(ask as never);

  test('a tool that throws', async () => {
    await run(asking(call('lookup', { id: 'A-1' })), new AIMessage('sorry'));
    expect(operations()).toEqual([
      {
        name: 'execute_tool lookup',
        node: 'tools',
        disposition: 'routed',
        class: undefined,
        type: 'TypeError',
        message: 'Order A-1 has no total',
        input: '{"id":"A-1"}',
      },
    ]);
    expect(outcome()).toBe('success');
  });

  test('arguments that do not fit, a tool that is none, and a good call beside them', async () => {
    await run(
      asking(call('lookup', { id: 7 }), call('nope', {}, 'c2'), call('fine', { id: 'x' }, 'c3')),
      new AIMessage('sorry'),
    );
    expect(operations()).toMatchObject([
      { name: 'execute_tool lookup', class: 'tool.invalid_arguments', disposition: 'routed' },
      { name: 'execute_tool nope', class: 'tool.not_found', disposition: 'routed' },
    ]);
  });

  test('arguments that are no JSON', async () => {
    const invalid_tool_calls = [{ name: 'lookup', args: '{"id": ', id: 'c1', error: 'bad JSON' }];
    await run(new AIMessage({ content: '', invalid_tool_calls }));
    expect(operations()).toMatchObject([
      { name: 'execute_tool lookup', class: 'tool.invalid_arguments', message: 'bad JSON' },
    ]);
  });

  test('an answer that holds nothing', async () => {
    await run(new AIMessage(''));
    expect(operations()).toMatchObject([
      { name: 'chat', class: 'llm.empty_response', disposition: 'degraded' },
    ]);
  });

  test('a good run has none', async () => {
    await run(asking(call('fine', { id: 'x' })), new AIMessage('done'));
    expect(operations()).toEqual([]);
    expect(outcome()).toBe('success');
  });
});

describe('a graph of its own', () => {
  const graphOf = (node: never, asked = asking(call('lookup', { id: 'A-1' }))) =>
    new StateGraph(MessagesAnnotation)
      .addNode('model', () => ({ messages: [asked] }))
      .addNode('tools', node)
      .addEdge(START, 'model')
      .addEdge('model', 'tools')
      .addEdge('tools', END)
      .compile({ name: 'own', checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: 't' } };

  test('as a subgraph its calls are reported once', async () => {
    const agent = agents.createReactAgent(
      new Scripted(asking(call('lookup', { id: 'A-1' })), new AIMessage('sorry')),
    );
    const outer = new StateGraph(MessagesAnnotation)
      .addNode('agent', agent)
      .addEdge(START, 'agent')
      .addEdge('agent', END)
      .compile({ name: 'outer' });
    await outer.invoke(ask);
    expect(operations()).toMatchObject([{ node: 'agent:tools', disposition: 'routed' }]);
  });

  test('a tool whose error its node throws is a failure of the node alone', async () => {
    const node = new ToolNode([lookup], { handleToolErrors: false });
    await expect(graphOf(node as never).invoke(ask, config)).rejects.toThrow('has no total');
    expect(operations()).toEqual([]);
    expect(recorder.attempts('tools')[0]!.attributes).toMatchObject({
      'exception.type': 'TypeError',
      'failure.site': 'tool.call',
    });
  });

  test('a tool whose error its node catches has recovered', async () => {
    const node = async () => {
      await lookup.invoke({ id: 'A-2' }).catch(() => {});
      return {};
    };
    await graphOf(node as never).invoke(ask, config);
    expect(operations()).toMatchObject([{ name: 'execute_tool lookup', disposition: 'recovered' }]);
  });

  test('a pause inside a tool is none', async () => {
    const asks = tool(async () => interrupt('sure?'), {
      name: 'asks',
      description: 'asks',
      schema: z.object({}),
    });
    const graph = graphOf(new ToolNode([asks]) as never, asking(call('asks', {})));
    await graph.invoke(ask, config);
    expect(operations()).toEqual([]);
    expect(outcome()).toBe('paused');
  });

  test('without a hook into the tools the message is what is known', async () => {
    const own = {
      ...lookup,
      name: 'lookup',
      invoke: () => Promise.reject(new TypeError('no total')),
    };
    await graphOf(new ToolNode([own as never]) as never).invoke(ask, config);
    expect(operations()).toMatchObject([
      {
        name: 'execute_tool lookup',
        type: 'ToolError',
        message: 'no total',
        disposition: 'routed',
      },
    ]);
  });
});

describe('models', () => {
  const agentOf = (answers: (AIMessage | Error)[], middleware: AgentMiddleware[] = []) =>
    createAgent({
      model: new Scripted(...answers),
      tools: [lookup, fine],
      name: 'agent',
      middleware,
    });
  const nodeOf = (node: () => unknown) =>
    new StateGraph(MessagesAnnotation)
      .addNode('write', node as never)
      .addEdge(START, 'write')
      .addEdge('write', END)
      .compile({ name: 'own' });

  test('one that refuses is a failure of the node, at the call', async () => {
    const agent = agentOf([refused(401, 'Incorrect API key provided')]);
    await expect(agent.invoke(ask as never)).rejects.toThrow('Incorrect');
    expect(operations()).toEqual([]);
    expect(recorder.attempts('model_request')[0]!.attributes).toMatchObject({
      'failure.site': 'llm.call',
      'failure.disposition': 'terminal',
    });
  });

  test('tries of its client are retried', async () => {
    const model = new Scripted(refused(503, 'busy'), new AIMessage('done'));
    model.caller = new callers.AsyncCaller({ maxRetries: 1 });
    await createAgent({ model, tools: [], name: 'agent' }).invoke(ask as never);
    expect(operations()).toMatchObject([
      { name: 'chat scripted-1', node: 'model_request', disposition: 'retried', message: 'busy' },
    ]);
    expect(outcome()).toBe('success');
  });

  test('tries of a middleware are retried, and the last that fails is what the answer is about', async () => {
    const again = modelRetryMiddleware({ maxRetries: 1, initialDelayMs: 1, jitter: false });
    const dispositions = () => operations().map(({ disposition }) => disposition);
    await agentOf([new Error('one'), new AIMessage('done')], [again]).invoke(ask as never);
    expect(dispositions()).toEqual(['retried']);
    recorder = new Recorder();
    await agentOf([new Error('one'), new Error('two')], [again]).invoke(ask as never);
    expect(dispositions().sort()).toEqual(['degraded', 'retried']);
  });

  test('one that fails in a node that goes on has recovered', async () => {
    const model = new Scripted(refused(401, 'no key'));
    await nodeOf(async () => {
      await model.invoke('x').catch(() => {});
      for await (const _ of await model.stream('y').catch(() => [])) expect.fail();
      return {};
    }).invoke(ask);
    expect(operations().map(({ name, disposition }) => [name, disposition])).toEqual([
      ['chat scripted-1', 'recovered'],
    ]);
  });

  test.each([
    ['content_filter', 'half an', 'llm.content_filter'],
    ['length', 'half an', 'llm.malformed_output'],
    ['length', '', 'llm.empty_response'],
  ])('an answer that ended by %s after "%s"', async (finish_reason, content, known) => {
    await agentOf([new AIMessage({ content, response_metadata: { finish_reason } })]).invoke(
      ask as never,
    );
    expect(operations()).toMatchObject([{ class: known, disposition: 'degraded' }]);
  });

  test('structured output that does not fit is routed to the model', async () => {
    const answers = [
      asking(call('extract-1', { total: 'twelve' })),
      asking(call('extract-1', { total: 12 }, 'c2')),
    ];
    const format = toolStrategy(z.object({ total: z.number() }));
    const agent = createAgent({
      model: new Scripted(...answers.map((one, i) => renamed(one, format[0]!.name, `c${i}`))),
      tools: [],
      name: 'agent',
      responseFormat: format,
    });
    await agent.invoke(ask as never);
    expect(operations()).toMatchObject([{ class: 'output.invalid', disposition: 'routed' }]);
  });

  test('what a person answers is no failure', async () => {
    const asks = made(humanInTheLoopMiddleware, { interruptOn: { fine: true } });
    const agent = createAgent({
      model: new Scripted(asking(call('fine', { id: 'x' })), new AIMessage('done')),
      tools: [fine],
      name: 'agent',
      checkpointer: new MemorySaver(),
      middleware: [asks],
    });
    const config = { configurable: { thread_id: 't' } };
    await agent.invoke(ask as never, config);
    const decisions = [{ type: 'reject', message: 'no' }];
    await agent.invoke(new langgraph.Command({ resume: { decisions } }) as never, config);
    expect(operations()).toEqual([]);
  });

  test('a limit that stops an agent is no failure, and the run is truncated', async () => {
    const again = Array.from({ length: 9 }, (_, i) => asking(call('fine', { id: 'x' }, `c${i}`)));
    const limit = made(modelCallLimitMiddleware, { runLimit: 2, exitBehavior: 'end' });
    await agentOf(again, [limit]).invoke(ask as never);
    expect(operations()).toEqual([]);
    expect(outcome()).toBe('truncated');
  });

  test('a text that a node throws is one failure', async () => {
    const text: unknown = 'no such customer';
    const failing = nodeOf(() => {
      throw text;
    });
    await expect(failing.invoke(ask)).rejects.toThrow();
    expect(recorder.attempts('write')[0]!.attributes['exception.message']).toBe(text);
    expect(recorder.run().attributes['exception.message']).toBeUndefined();
  });

  test('a handoff to a node that is none', async () => {
    await nodeOf(() => new langgraph.Command({ goto: 'billing' })).invoke(ask);
    expect(recorder.spans.find(({ name }) => name === 'route billing')?.attributes).toMatchObject({
      'failure.class': 'graph.node_not_found',
      'failure.disposition': 'degraded',
      'graph.node.id': 'write',
    });
  });
});

/** Its types are made for other settings of the compiler. */
function made(middleware: unknown, options: object): AgentMiddleware {
  return (middleware as (options: object) => AgentMiddleware)(options);
}

function renamed(message: AIMessage, name: string, id: string): AIMessage {
  const [first] = message.tool_calls!;
  return asking(call(name, first!.args, id));
}
