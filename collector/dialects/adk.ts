import { type Dialect, firstText, type SpanView } from './dialect.ts';
import { lastingName } from './names.ts';

/** Google's Agent Development Kit; what it shares with GenAI is read there. */
export const adk: Dialect = {
  name: 'adk',
  title: 'Google ADK',
  frameworks: ['Google ADK'],
  reference: 'https://google.github.io/adk-docs/observability/',
  reports: 'agents in agents, sessions; arguments where content is captured',
  hides: 'content, unless it is switched on',
  prefixes: ['gcp.vertex.agent.'],
  spanNames: ['agent_run'],
  parts: [],
  outputs: ['gcp.vertex.agent.tool_response'],
  read(span) {
    const older = /^agent_run \[(.*)\]$/.exec(span.name);
    if (older) {
      const name = lastingName(older[1]!);
      return { part: 'agent', agentName: name, nodeId: name };
    }
    const isInvocation = span.name === 'invocation' && span.scope.startsWith('gcp.vertex');
    if (isInvocation) return { part: 'graph' };
    if (!KEYS.some((key) => span.has(key))) return undefined;
    return {
      session: span.text('gcp.vertex.agent.session_id'),
      input: input(span),
    };
  },
};

const KEYS = ['gcp.vertex.agent.session_id', 'gcp.vertex.agent.tool_call_args'];

function input(span: SpanView): string | undefined {
  const text = firstText(
    span.text('gcp.vertex.agent.tool_call_args'),
    span.text('gcp.vertex.agent.llm_request'),
  );
  return text === '{}' ? undefined : text;
}
