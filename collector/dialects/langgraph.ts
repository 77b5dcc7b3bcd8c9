// What LangGraph hands down to whatever runs inside a node, under the names that each tracer gives it.
import { firstText, type SpanView } from './dialect.ts';

const PREFIXES = [
  '',
  'metadata.',
  'traceloop.association.properties.',
  'langsmith.metadata.',
  'ls_metadata.',
];

export interface InNode {
  node: string;
  visitKey: string;
  thread: string;
}

/** The node that a span is or is inside of. */
export function langGraphOf(span: SpanView): InNode {
  const text = (field: string): string =>
    firstText(...PREFIXES.map((prefix) => span.text(prefix + field))) ?? '';
  return {
    node: text('langgraph_node'),
    visitKey: text('langgraph_checkpoint_ns') || text('checkpoint_ns'),
    thread: text('thread_id'),
  };
}
