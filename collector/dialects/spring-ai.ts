import type { Dialect } from './dialect.ts';

/** Spring AI, by Micrometer. LangChain4j speaks GenAI and nothing besides. */
export const springAi: Dialect = {
  name: 'spring_ai',
  title: 'Spring AI',
  frameworks: ['Spring AI'],
  reference: 'https://docs.spring.io/spring-ai/reference/observability/index.html',
  reports: 'chat clients, tools, conversations',
  hides: 'nodes; content, unless it is switched on',
  prefixes: ['spring.ai.'],
  parts: [{ key: 'spring.ai.kind', values: ['chat_client'] }],
  calls: [{ key: 'spring.ai.kind', values: { tool: ['tool_call'] } }],
  outputs: ['spring.ai.tool.call.result'],
  read(span) {
    const kind = span.text('spring.ai.kind');
    if (kind === '') return undefined;
    return {
      part: kind === 'chat_client' ? 'agent' : 'operation',
      session: span.text('spring.ai.chat.client.conversation.id'),
      input: span.text('spring.ai.tool.call.arguments'),
    };
  },
};
