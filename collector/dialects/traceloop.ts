import { type Dialect, firstText, type Meaning, type SpanView } from './dialect.ts';
import { langGraphOf } from './langgraph.ts';
import { lastingName } from './names.ts';

const KIND = 'traceloop.span.kind';
const ENTITY = 'traceloop.entity.name';

/** OpenLLMetry's conventions, beside which newer versions write those of GenAI. */
export const traceloop: Dialect = {
  name: 'traceloop',
  title: 'OpenLLMetry (Traceloop)',
  frameworks: ['LangChain', 'LangGraph', 'CrewAI', 'LlamaIndex', 'Haystack', 'decorators'],
  reference: 'https://www.traceloop.com/docs/openllmetry/contributing/semantic-conventions',
  reports: 'nodes, inputs, sessions, stacks; of LangGraph the graph, which becomes the version',
  hides: 'errors of tools that CrewAI handled',
  prefixes: ['traceloop.', 'llm.'],
  parts: [{ key: KIND, values: ['workflow', 'agent', 'task'] }],
  calls: [
    { key: KIND, values: { tool: ['tool'], guardrail: ['guardrail'] } },
    { key: 'llm.request.type', values: { model: ['chat', 'completion'] } },
  ],
  outputs: ['traceloop.entity.output'],
  finishReasons: ['llm.response.finish_reason', 'llm.response.stop_reason'],
  toolNames: [ENTITY],
  read(span) {
    const kind = span.text(KIND);
    const workflow = lastingName(span.text('traceloop.workflow.name'));
    if (kind === '' && workflow === '' && !span.has(ENTITY)) return undefined;
    const { node, visitKey, thread } = langGraphOf(span);
    return {
      ...partOf(span, kind, node, workflow),
      visitKey,
      session: firstText(span.text('traceloop.association.properties.session_id'), thread),
      input: unwrapped(span.text('traceloop.entity.input')),
    };
  },
};

function partOf(span: SpanView, kind: string, node: string, workflow: string): Meaning {
  const entity = lastingName(span.text(ENTITY));
  switch (kind) {
    case 'workflow':
      return { part: 'graph', agentName: workflow || entity, nodeId: workflow || entity };
    case 'agent':
      return { part: 'agent', agentName: entity, nodeId: entity };
    case 'task':
      if (node === '') return { part: 'node', nodeId: entity || lastingName(span.name) };
      return { part: node === span.text(ENTITY) ? 'node' : 'step', nodeId: node };
    case 'tool':
      return { part: 'operation', nodeId: node };
    default:
      return { nodeId: node };
  }
}

const WRAPPED = /^\{\s*"(?:inputs|input_str)"\s*:\s*/;

/** What the entity received: behind it Traceloop writes tags and metadata of the run, often cut. */
function unwrapped(text: string): string {
  const start = WRAPPED.exec(text)?.[0].length;
  if (start === undefined || !/"(?:tags|metadata|kwargs)"\s*:/.test(text)) return text;
  const end = endOfValue(text, start);
  const inputs = text.slice(start, end);
  if (!inputs.startsWith('"')) return inputs;
  try {
    return String(JSON.parse(inputs));
  } catch {
    return inputs;
  }
}

/** Where the JSON value that begins at `start` ends; the end of the text when it is cut. */
function endOfValue(text: string, start: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[[\]{},]/gy;
  let depth = 0;
  for (let at = start; at < text.length; ) {
    token.lastIndex = at;
    const found = token.exec(text)?.[0];
    if (found === undefined) {
      at++;
      continue;
    }
    if (depth === 0 && (found === ',' || found === '}' || found === ']')) return at;
    if (found === '{' || found === '[') depth++;
    else if (found === '}' || found === ']') depth--;
    at += found.length;
    if (depth === 0 && found !== ',' && /["\]}]$/.test(found)) return at;
  }
  return text.length;
}
