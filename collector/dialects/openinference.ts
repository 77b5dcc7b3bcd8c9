import {
  type Dialect,
  type Exception,
  firstText,
  type Meaning,
  type Part,
  type SpanView,
} from './dialect.ts';
import { langGraphOf } from './langgraph.ts';
import { isRandom, lastingName } from './names.ts';

const KIND = 'openinference.span.kind';
const NODE_ID = 'graph.node.id';
const NODE_NAME = 'graph.node.name';
const NODE_PARENT = 'graph.node.parent_id';
const FLOW_NODE = 'flow.node.name';
/** Of OpenAI Agents: turns of a loop, which have no name of their own. */
const COUNTED = /^(?:turn|step|task|cycle|iteration)(?:[ _#.-]?\d+)?$/i;

/** Arize's conventions, the most used among Python's frameworks. */
export const openInference: Dialect = {
  name: 'openinference',
  title: 'OpenInference',
  frameworks: [
    'LangChain',
    'LangGraph',
    'LlamaIndex',
    'CrewAI',
    'OpenAI Agents',
    'smolagents',
    'DSPy',
    'Haystack',
    'Agno',
  ],
  reference: 'https://arize-ai.github.io/openinference/spec/semantic_conventions.html',
  reports:
    'nodes, inputs, sessions, stacks; of LangGraph the visits, so that attempts are numbered',
  hides:
    'the graph; errors that the framework handled (tools of CrewAI and Haystack); of OpenAI Agents the type of an exception',
  prefixes: ['openinference.', 'llm.', 'graph.', 'flow.node.', 'langgraph_', 'metadata.langgraph_'],
  reads: [
    'input.value',
    'output.value',
    'session.id',
    'agent.name',
    'tool.name',
    'tool.parameters',
  ],
  parts: [
    { key: KIND, values: ['CHAIN', 'AGENT', 'UNKNOWN', 'chain', 'agent'] },
    { key: FLOW_NODE },
  ],
  calls: [
    {
      key: KIND,
      values: {
        model: ['LLM', 'llm'],
        tool: ['TOOL', 'tool'],
        guardrail: ['GUARDRAIL', 'guardrail'],
      },
    },
  ],
  outputs: ['output.value'],
  finishReasons: ['llm.finish_reason'],
  outputTokens: ['llm.token_count.completion'],
  toolNames: ['tool.name'],
  read(span) {
    const kind = span.text(KIND).toUpperCase();
    if (kind === '') return undefined;
    const { node, visitKey, thread } = langGraphOf(span);
    return {
      ...partOf(span, kind, node),
      visitKey,
      session: firstText(span.text('session.id'), thread),
      input: firstText(span.text('input.value'), span.text('tool.parameters')),
      exception: withoutWrapper(span.exception),
    };
  },
};

function partOf(span: SpanView, kind: string, node: string): Meaning {
  if (kind !== 'CHAIN' && kind !== 'AGENT' && kind !== 'UNKNOWN') {
    return { part: 'operation', ...(node === '' ? {} : { nodeId: node }) };
  }
  const flowNode = span.text(FLOW_NODE);
  if (flowNode !== '') {
    return { part: 'node', nodeId: flowNode, nodeType: span.text('flow.node.type') };
  }
  // A chain, a router, a parser inside a node; the node's own span has the node's name.
  if (node !== '') return { part: node === span.name ? 'node' : 'step', nodeId: node };
  const name = nodeNameOf(span);
  const agentName = lastingName(span.text('agent.name')) || name;
  if (kind === 'AGENT') {
    return { part: 'agent', agentName, nodeId: name || agentName, ...silence(span) };
  }
  if (name !== '') {
    const part: Part = span.has(NODE_PARENT) ? 'node' : 'graph';
    return { part, nodeId: name, agentName: name };
  }
  if (!span.hasParent) return { part: 'graph' };
  return { part: 'step', nodeId: COUNTED.test(span.name) ? '' : lastingName(span.name) };
}

/** Agno fills the id with random digits; others put the name there. */
function nodeNameOf(span: SpanView): string {
  const name = lastingName(span.text(NODE_NAME));
  if (name !== '') return name;
  const id = span.text(NODE_ID);
  return isRandom(id) ? '' : id;
}

/** The trace of OpenAI Agents is an agent without name or input, and ends well whatever happened. */
function silence(span: SpanView): Meaning {
  const isNamed = span.has('agent.name') || span.has(NODE_ID) || span.has('input.value');
  const isTrace = !isNamed && !span.isFailed;
  return isTrace ? { isStatusSilent: true } : {};
}

/** OpenAI Agents puts what went wrong into a dictionary of Python, behind words of its own. */
/** Characters that are looked at. */
const MOST = 64 * 1024;
const WRAPPED = /^Error [a-z ]+?: \{(?:'tool_name': '[^']*', )?'error': (['"])(.*)\1\}$/s;

/** What is inside of such words; undefined when it is not wrapped. */
export function withoutWrapper({ message }: Exception): Partial<Exception> | undefined {
  const inside = WRAPPED.exec(message.slice(0, MOST))?.[2];
  return inside === undefined ? undefined : { message: inside };
}
