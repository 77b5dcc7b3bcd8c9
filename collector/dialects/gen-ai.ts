import { type Dialect, firstText, type Meaning, type SpanView } from './dialect.ts';
import { lastingId, lastingName } from './names.ts';
import { withoutWrapper } from './openinference.ts';

const OPERATION = 'gen_ai.operation.name';
const AGENT_NAME = 'gen_ai.agent.name';
const WORKFLOW_NAME = 'gen_ai.workflow.name';

/** Operations that stand for a part of an agent; all others are calls. */
const PARTS: Readonly<Record<string, Meaning['part']>> = {
  invoke_workflow: 'graph',
  invoke_graph: 'graph',
  invoke_swarm: 'graph',
  invoke_crew: 'graph',
  invoke_agent: 'agent',
  execute_task: 'node',
  execute_node: 'node',
  create_agent: 'operation',
  // Of frameworks, for what has no operation in the conventions.
  execute_event_loop_cycle: 'step',
  unknown: 'step',
  chain: 'step',
  agent_handoff: 'nothing',
  handoff: 'nothing',
};

/** Where the conventions put what a call received: the new names, then those that were before. */
const INPUTS = [
  'gen_ai.tool.call.arguments',
  'gen_ai.input.messages',
  'gen_ai.task.input',
  'gen_ai.agent.input',
  'gen_ai.prompt',
];
const INPUT_EVENTS: readonly [event: string, key: string][] = [
  ['gen_ai.tool.message', 'content'],
  ['gen_ai.client.inference.operation.details', 'gen_ai.input.messages'],
  ['gen_ai.client.inference.operation.details', 'gen_ai.tool.call.arguments'],
  ['gen_ai.content.prompt', 'gen_ai.prompt'],
  ['gen_ai.user.message', 'content'],
];

/** OpenTelemetry's own conventions, in the form of 2026 and in those before it. */
export const genAi: Dialect = {
  name: 'gen_ai',
  title: 'OpenTelemetry GenAI',
  frameworks: [
    'OpenAI Agents (openai-agents-v2)',
    'plain OpenAI and Anthropic clients',
    'AutoGen',
    'LangChain4j',
    'AI SDK 7',
  ],
  reference: 'https://github.com/open-telemetry/semantic-conventions-genai',
  reports:
    'agents, workflows, calls of models and tools, conversations; messages and arguments where content is captured',
  hides: 'content, unless it is switched on; steps that are no agents',
  prefixes: ['gen_ai.'],
  parts: [
    {
      key: OPERATION,
      values: Object.keys(PARTS).filter((name) => !['operation', 'nothing'].includes(PARTS[name]!)),
    },
  ],
  calls: [
    {
      key: OPERATION,
      values: {
        model: ['chat', 'text_completion', 'generate_content'],
        tool: ['execute_tool'],
        guardrail: ['guardrail_check'],
      },
    },
  ],
  outputs: ['gen_ai.tool.call.result', 'gen_ai.output.messages'],
  finishReasons: [
    'gen_ai.response.finish_reasons',
    'gen_ai.response.finish_reason',
    'gen_ai.completion.0.finish_reason',
  ],
  outputTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
  toolNames: ['gen_ai.tool.name'],
  read(span) {
    const operation = span.text(OPERATION);
    const isKnown = operation !== '' || span.has('gen_ai.system') || span.has('gen_ai.tool.name');
    if (!isKnown && !span.has('gen_ai.provider.name')) return undefined;
    const part = PARTS[operation] ?? 'operation';
    const agentName = nameOf(span, part);
    return {
      part,
      agentName,
      agentId: lastingId(span.text('gen_ai.agent.id')),
      nodeId: nodeIdOf(span, part, agentName),
      session: span.text('gen_ai.conversation.id'),
      input: inputOf(span),
      exception: withoutWrapper(span.exception),
      graph: graphOf(span),
      // The trace of OpenAI Agents: an agent without a name, which ends well whatever happened.
      isStatusSilent: (part === 'agent' && !span.has(AGENT_NAME) && !span.isFailed) || undefined,
    };
  },
};

function nameOf(span: SpanView, part: Meaning['part']): string {
  const agent = lastingName(span.text(AGENT_NAME));
  return part === 'graph' ? lastingName(span.text(WORKFLOW_NAME)) || agent : agent;
}

function nodeIdOf(span: SpanView, part: Meaning['part'], agentName: string): string {
  if (part === 'node') return lastingName(firstText(span.text('gen_ai.task.name')) ?? span.name);
  return part === 'agent' || part === 'graph' ? agentName : '';
}

function inputOf(span: SpanView): string | undefined {
  return (
    firstText(...INPUTS.map((key) => span.text(key))) ??
    firstText(...INPUT_EVENTS.map(([event, key]) => span.eventText(event, key)))
  );
}

const EDGE = /^(.*?)\s*->\s*(.*)$/;

function graphOf(span: SpanView): Meaning['graph'] {
  const nodes = span.texts('gen_ai.workflow.nodes');
  if (nodes.length === 0) return undefined;
  const edges = span.texts('gen_ai.workflow.edges').flatMap((edge): [string, string][] => {
    const [, source, target] = EDGE.exec(edge) ?? [];
    return source && target ? [[source, target]] : [];
  });
  return { nodes, edges };
}
