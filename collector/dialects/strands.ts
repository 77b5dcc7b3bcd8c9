import type { Dialect, Meaning } from './dialect.ts';

/** AWS's Strands Agents: agents, graphs and swarms; what it shares with GenAI is read there. */
export const strands: Dialect = {
  name: 'strands',
  title: 'Strands Agents',
  frameworks: ['Strands agents, graphs and swarms'],
  reference:
    'https://strandsagents.com/latest/documentation/docs/user-guide/observability-evaluation/traces/',
  reports: 'agents, nodes of graphs and swarms, messages as span events',
  hides: 'edges of the graph',
  prefixes: ['event_loop.', 'strands.'],
  parts: [],
  read(span): Meaning | undefined {
    const isStrands =
      span.text('gen_ai.system') === 'strands-agents' ||
      span.text('gen_ai.provider.name') === 'strands-agents' ||
      span.scope.startsWith('strands.');
    if (!isStrands) return undefined;
    if (span.has('event_loop.cycle_id')) return { part: 'step' };
    // A graph or swarm is an agent in GenAI's words; it has no agent's name of its own.
    if (/^invoke_(?:graph|swarm)$/.test(span.name)) return { part: 'graph' };
    return {};
  },
};
