import { type Dialect, type Exception, firstText, type Meaning, type SpanView } from './dialect.ts';
import { langGraphOf } from './langgraph.ts';
import { pythonError } from './python-error.ts';

const KIND = 'langsmith.span.kind';

/**
 * LangSmith's export. A run whose end comes in another batch than its start keeps status OK although it
 * failed, and each exception has type `Exception` and a message of type, message and stack.
 */
export const langSmith: Dialect = {
  name: 'langsmith',
  title: 'LangSmith',
  frameworks: ['LangChain', 'LangGraph'],
  reference: 'https://docs.langchain.com/langsmith/trace-with-opentelemetry',
  reports: 'nodes, sessions, inputs, stacks; failures even of spans whose status is OK',
  hides: 'the type of an exception, which is read from its message',
  prefixes: ['langsmith.'],
  reads: ['gen_ai.prompt', 'gen_ai.completion'],
  parts: [{ key: KIND, values: ['chain'] }],
  calls: [{ key: KIND, values: { model: ['llm'], tool: ['tool'] } }],
  outputs: ['gen_ai.completion'],
  failsSilently: KIND,
  read(span) {
    const kind = span.text(KIND);
    if (kind === '') return undefined;
    const { node, visitKey, thread } = langGraphOf(span);
    return {
      ...partOf(span, kind, node),
      visitKey,
      session: firstText(thread, span.text('langsmith.metadata.session_id')),
      input: span.text('gen_ai.prompt'),
      isFailed: span.exception.message !== '' || undefined,
      exception: exceptionOf(span.exception),
    };
  },
};

function partOf(span: SpanView, kind: string, node: string): Meaning {
  if (kind !== 'chain') return { part: 'operation', nodeId: node };
  if (node !== '') return { part: node === span.name ? 'node' : 'step', nodeId: node };
  return { part: span.hasParent ? 'step' : 'graph' };
}

function exceptionOf(reported: Exception): Partial<Exception> | undefined {
  return reported.type === 'Exception'
    ? pythonError(reported.message, reported.stacktrace)
    : undefined;
}
