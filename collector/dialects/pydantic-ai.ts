import { type Dialect, firstText, type Meaning, ordinal, type SpanView } from './dialect.ts';
import { lastingName } from './names.ts';

/** Pydantic AI; what it shares with GenAI is read there. */
export const pydanticAi: Dialect = {
  name: 'pydantic_ai',
  title: 'Pydantic AI',
  frameworks: ['Pydantic AI'],
  reference: 'https://ai.pydantic.dev/logfire/',
  reports: 'agents, arguments of tools, attempts of a tool, messages',
  hides: 'tools that the model made up',
  prefixes: ['pydantic_ai.'],
  reads: ['agent_name', 'tool_arguments', 'tool_response', 'all_messages_events', 'final_result'],
  parts: [{ key: 'agent_name' }],
  outputs: ['gen_ai.tool.call.result', 'tool_response', 'final_result'],
  read(span) {
    const isAgent = span.has('agent_name') && span.text('gen_ai.operation.name') !== 'chat';
    if (!isAgent && !span.has('tool_arguments') && !hasPrefix(span)) return undefined;
    const agentName = lastingName(span.text('agent_name'));
    return {
      ...(isAgent && !span.has('gen_ai.tool.name') ? agent(agentName) : {}),
      attempt: ordinal(span.text('pydantic_ai.tool.retry.attempt')),
      maxAttempts: ordinal(span.text('pydantic_ai.tool.retry.max_retries')),
      input: firstText(
        span.text('gen_ai.tool.call.arguments'),
        span.text('tool_arguments'),
        span.text('pydantic_ai.all_messages'),
        span.text('all_messages_events'),
      ),
    };
  },
};

function agent(agentName: string): Meaning {
  return { part: 'agent', agentName, nodeId: agentName };
}

function hasPrefix(span: SpanView): boolean {
  return span.has('pydantic_ai.all_messages') || span.has('pydantic_ai.tool.retry.attempt');
}
