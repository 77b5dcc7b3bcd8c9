import type { Dialect } from './dialect.ts';
import { langGraphOf } from './langgraph.ts';

/** What LangGraph hands down, on spans that say nothing else of what they are. */
export const langGraphMetadata: Dialect = {
  name: 'langgraph',
  title: 'LangGraph metadata',
  frameworks: ['LangGraph under any tracer that writes its metadata'],
  reference: 'https://docs.langchain.com/oss/python/langgraph/overview',
  reports: 'nodes and threads',
  hides: 'everything else',
  prefixes: [],
  reads: ['metadata'],
  parts: [{ key: 'langgraph_node' }, { key: 'metadata.langgraph_node' }],
  read(span) {
    const { node, visitKey, thread } = langGraphOf(span);
    if (node === '') return undefined;
    return { part: 'node', nodeId: node, visitKey, session: thread };
  },
};
