import type { Dialect } from './dialect.ts';
import { lastingName } from './names.ts';

const RUN_GRAPH = /^run graph(?: (.*))?$/;
const RUN_NODE = /^run node (.*)$/;

/** pydantic-graph, as logfire writes it. */
export const pydanticGraph: Dialect = {
  name: 'pydantic_graph',
  title: 'pydantic-graph',
  frameworks: ['pydantic-graph (logfire)'],
  reference: 'https://ai.pydantic.dev/graph/',
  reports: 'graphs and nodes, with stacks',
  hides: 'what a node received, the session',
  prefixes: [],
  keys: ['node_id', 'graph'],
  spanNames: ['run graph', 'run node'],
  reads: ['logfire.span_type', 'graph.name'],
  parts: [{ key: 'node_id' }],
  read(span) {
    const graph = RUN_GRAPH.exec(span.name);
    const node = RUN_NODE.exec(span.name);
    if (graph === null && node === null) return undefined;
    if (span.text('logfire.span_type') === 'pending_span') return { part: 'nothing' };
    if (node) return { part: 'node', nodeId: lastingName(span.text('node_id') || node[1]!) };
    const agentName = lastingName(graph?.[1] ?? span.text('graph.name'));
    return { part: 'graph', agentName, nodeId: agentName };
  },
};
