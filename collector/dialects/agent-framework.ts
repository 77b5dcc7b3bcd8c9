import { type Dialect, firstText, type Meaning, type SpanView } from './dialect.ts';
import { lastingName } from './names.ts';

/** Microsoft Agent Framework: its workflows; its agents speak GenAI. */
export const agentFramework: Dialect = {
  name: 'agent_framework',
  title: 'Microsoft Agent Framework',
  frameworks: ['Agent Framework workflows and agents'],
  reference: 'https://learn.microsoft.com/agent-framework/user-guide/workflows/observability',
  reports: 'workflows and executors, with stacks',
  hides: 'what an executor received',
  prefixes: ['executor.', 'workflow.', 'edge_group.'],
  spanNames: ['workflow.run', 'executor.process'],
  parts: [{ key: 'executor.id' }, { key: 'workflow.name' }, { key: 'workflow.id' }],
  read(span) {
    const [name] = span.name.split(' ', 1);
    const meaning = PARTS[name ?? '']?.(span);
    return meaning && { ...meaning, input: firstText(span.text('message.payload')) };
  },
};

const PARTS: Readonly<Record<string, (span: SpanView) => Meaning>> = {
  'workflow.run': (span) => {
    const agentName = lastingName(span.text('workflow.name'));
    return { part: 'graph', agentName, nodeId: agentName };
  },
  'executor.process': (span) => ({
    part: 'node',
    nodeId: lastingName(span.text('executor.id')),
    nodeType: span.text('executor.type'),
  }),
  'workflow.build': () => ({ part: 'nothing' }),
  'edge_group.process': () => ({ part: 'nothing' }),
  'message.send': () => ({ part: 'nothing' }),
};
