import type { Dialect, Meaning, SpanView } from './dialect.ts';

/** Hive's tracer. `faultline hive` reads its files instead, which say more. */
export const hive: Dialect = {
  name: 'hive',
  title: 'Hive',
  frameworks: ['Hive'],
  reference: 'https://github.com/adenhq/hive',
  reports: 'runs, nodes, sessions, calls',
  hides: 'inputs: `faultline hive` reads them from its files',
  prefixes: ['hive.'],
  parts: [{ key: 'hive.node_id' }, { key: 'hive.run_id' }],
  read(span) {
    if (!KEYS.some((key) => span.has(key))) return undefined;
    const agentId = span.text('hive.agent_id');
    return {
      ...partOf(span, agentId),
      agentId,
      session: span.text('hive.session_id'),
      run: span.text('hive.run_id'),
      graphId: span.text('hive.graph_id'),
    };
  },
};

const KEYS = ['hive.agent_id', 'hive.run_id', 'hive.node_id', 'hive.tool.name', 'hive.llm.model'];

function partOf(span: SpanView, agentName: string): Meaning {
  const nodeId = span.text('hive.node_id');
  if (span.has('hive.tool.name') || span.has('hive.llm.model'))
    return { part: 'operation', nodeId };
  if (nodeId === '') return { part: 'graph', agentName };
  return { part: 'node', nodeId, nodeType: span.text('hive.node_type') };
}
