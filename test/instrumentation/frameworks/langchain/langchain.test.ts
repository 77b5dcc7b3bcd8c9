// Agents of LangChain 1.x and ready-made nodes of LangGraph: calls that failed and were handled.
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import * as tools from '@langchain/core/tools';
import { tool } from '@langchain/core/tools';
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
import { createAgent } from 'langchain';
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
new LangChainInstrumentation().manuallyInstrument(tools);
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

/** A model that answers from a list, the last answer again and again. */
class Scripted extends BaseChatModel {
  #answers: AIMessage[];
  constructor(...answers: AIMessage[]) {
    super({});
    this.#answers = answers;
  }
  _llmType() {
    return 'scripted';
  }
  override bindTools() {
    return this as never;
  }
  async _generate() {
    const message = this.#answers.length > 1 ? this.#answers.shift()! : this.#answers[0]!;
    return { generations: [{ text: '', message }] };
  }
}

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
    expect(recorder.attempts('tools')[0]!.attributes['exception.type']).toBe('TypeError');
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
